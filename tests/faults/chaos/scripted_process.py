"""A worker process as it is, but for its speech child, which follows a script."""

import sys

from pipeline.speech import process
from workers.notifications.queues import Queue
from workers.pools.process import main


def work(queue: str) -> None:
    process.CHILD = "tests.faults.chaos.scripted_child"
    main(Queue(queue))


if __name__ == "__main__":
    work(sys.argv[1])
