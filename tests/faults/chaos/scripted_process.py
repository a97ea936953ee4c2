"""A worker process as it is, but for its speech child, which follows a script, and its name in Postgres."""

import os
import sys

from db.connection import CONNECT_ARGS
from pipeline.speech import process
from workers.notifications.queue_notifications import Queue
from workers.pools.process import main


def work(queue: str) -> None:
    process.CHILD = "tests.faults.chaos.scripted_child"
    CONNECT_ARGS["application_name"] = (
        f"smelt {os.getpid()}"  # `tests/faults/chaos/ledger.py` tells them apart by it
    )
    main(Queue(queue))


if __name__ == "__main__":
    work(sys.argv[1])
