"""What a worker in the harness may be told, and where it waits to be told."""

from collections.abc import Callable, Mapping
from enum import Enum

from pipeline.errors import GiveBack, RateLimited, WorkError
from pipeline.states import ErrorCode


class Place(Enum):
    """Where a worker pauses: between these its transactions and its sends happen."""

    CLAIMED = "claimed"
    WORKING = "working"  # in the engine, or with the receiver
    STORED = "stored"  # the object is there, its row isn't told


class Command(Enum):
    GO = "go"
    TICK = "tick"  # progress; a receiver answers 500
    FAIL = "fail"
    FAIL_FOR_GOOD = "fail for good"
    RATE_LIMIT = "rate limit"
    CRASH = "crash"
    GIVE_BACK = "give back"
    DIE = "die"


Pause = Callable[[Place], Command]


class Scripted(Exception):
    """Something that nobody foresaw, on purpose."""


class Died(BaseException):
    """The process is gone: nothing of it runs any more."""


ERRORS: Mapping[Command, Callable[[], BaseException]] = {
    Command.FAIL: lambda: WorkError(ErrorCode.API_UNAVAILABLE, retryable=True),
    Command.FAIL_FOR_GOOD: lambda: WorkError(ErrorCode.CONTENT_FILTERED),
    Command.RATE_LIMIT: lambda: RateLimited(30),
    Command.CRASH: Scripted,
    Command.GIVE_BACK: GiveBack,
    Command.DIE: Died,
}
