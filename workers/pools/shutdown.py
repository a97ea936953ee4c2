"""How a worker process comes to its end in good order."""

from dramatiq import Worker

NO_BOUND = 10**9  # milliseconds


def end(worker: Worker) -> None:
    """Returns once every thread has ended: what each runs is finished by then, or given back.

    How long that may take is bounded by whoever keeps this process (`deploy/supervisor/pool.py`). A bound of
    Dramatiq's would not be one: it takes all that has passed off what is left, anew for each thread, and so leaves the
    last of many at work.
    """
    worker.stop(timeout=NO_BOUND)
