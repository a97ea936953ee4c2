"""A pool's processes: what each holds, how many there are, the engines they share, how they shut down.

What keeps them alive is `deploy/supervisor/`. Imports the actors' composition and the models; no reconciler.
"""

PROCESS_READY = "this worker process is ready"  # how the line ends by which its supervisor knows
