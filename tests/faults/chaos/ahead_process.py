"""A scripted worker process whose clock is ahead of everybody else's."""

import datetime as dt
import sys
import time

AHEAD = 120.0  # seconds


class AheadDatetime(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "AheadDatetime":
        return cls.fromtimestamp(time.time(), tz)


def run_ahead() -> None:
    """For whatever is imported from now on."""
    clock, clock_ns = time.time, time.time_ns
    time.time = lambda: clock() + AHEAD
    time.time_ns = lambda: clock_ns() + int(AHEAD * 1e9)
    dt.datetime = AheadDatetime  # type: ignore[misc]


if __name__ == "__main__":
    run_ahead()
    from tests.faults.chaos.scripted_process import work

    work(sys.argv[1])
