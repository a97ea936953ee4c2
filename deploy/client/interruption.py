"""A command that is told to end: by SIGTERM or SIGHUP as by Ctrl-C, an exception, so that what was sent is told of."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TOLD_BY = (signal.SIGTERM, signal.SIGHUP)


class Terminated(KeyboardInterrupt):
    """By another than who is at the keyboard; what puts things in order does it for both. `number`: the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def code_of(interrupt: KeyboardInterrupt) -> int:
    """The exit code, as shells tell of the signal."""
    return 128 + (interrupt.number if isinstance(interrupt, Terminated) else signal.SIGINT)


@contextmanager
def interruptible() -> Iterator[None]:
    """The signals raise Terminated in the block, but those that are handled otherwise already, as nohup does it."""
    changed = [number for number in TOLD_BY if signal.getsignal(number) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
