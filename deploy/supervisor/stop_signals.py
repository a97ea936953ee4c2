"""Ctrl-C, SIGTERM and SIGHUP: the end of what runs in this process's main thread, wherever that is."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from deploy.supervisor.service import Service

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal asked for the end. Not an Exception: nothing on the way may take it for a failure."""


@contextmanager
def stopping_on_signals(service: Service) -> Iterator[threading.Event]:
    """The first signal raises StopRequested in the main thread; a second one ends the wait for `service`.

    Yields what is set by the first one: raised in a finalizer or a callback of C's, an exception is printed and lost.
    """
    asked = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            service.hurry()
            return
        asked.set()
        print("stopping; once more to stop at once", file=sys.stderr, flush=True)
        raise StopRequested

    for number in STOP_SIGNALS:
        signal.signal(number, handle)
    try:
        yield asked
    except RuntimeError as error:
        # What is raised while a class is made, as in an import, comes out of Python before 3.12 in a RuntimeError.
        if isinstance(error.__cause__, StopRequested):
            raise StopRequested from error
        raise
