"""A worker process as it is, but for its speech child, which follows a script, and its name in Postgres."""

import os
import sys

from db.connection import CONNECT_ARGS
from pipeline import speech_process
from workers.process import main
from workers.wake import Queue


def work(queue: str) -> None:
    speech_process.CHILD = "tests.chaos.scripted_child"
    CONNECT_ARGS["application_name"] = (
        f"smelt {os.getpid()}"  # `tests/chaos/ledger.py` tells them apart by it
    )
    main(Queue(queue))


if __name__ == "__main__":
    work(sys.argv[1])
