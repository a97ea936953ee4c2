"""`smelt worker <queue>`: the worker processes of one queue, each kept alive by itself.

The death of one stops no other, and it is running again within seconds. When this process ends, they end.
"""

import signal
import sys
import threading
from functools import partial

from deploy.supervisor.children import spawn
from deploy.supervisor.environment import child_environment
from deploy.supervisor.runner import EX_CONFIG, Runner, stop_all
from pipeline.settings import Settings
from workers.notifications.queue_notifications import Queue
from workers.pools import slots

MARGIN = 12.0  # seconds on top of the workers' grace, in which they give back what they run, and end


def run_pool(settings: Settings, queue: Queue, *, module: str = "workers.pools.process") -> None:
    """Runs until SIGTERM or SIGINT. Exits with EX_CONFIG as soon as a process can't run with these settings.

    `module`: what the processes run, with the name of the queue that each works for as its argument.
    """
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    environment = child_environment(settings)
    runners = [
        # SIGKILL, if this process dies: its successor starts others at once, and memory may not hold both.
        Runner(
            f"{own.value}-{number}",
            partial(
                spawn, [sys.executable, "-m", module, own.value], environment, stop_signal=signal.SIGKILL
            ),
            partial(print, flush=True),
        )
        for number, own in enumerate(slots.processes(settings, queue))
    ]
    for runner in runners:
        runner.start()
    while not asked.wait(0.2) and not any(runner.gave_up for runner in runners):
        pass
    stop_all(runners, settings.worker_grace + MARGIN)
    if any(runner.gave_up for runner in runners):
        sys.exit(EX_CONFIG)
