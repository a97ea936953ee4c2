"""Does a recording get on? When it doesn't, it is given up as `timed_out`.

An engine that hangs makes no progress at all; one that crawls makes a little, for ever. Both are bounded by a floor on
the pace: at least `slowest` seconds of the recording for each second of work, over a whole `window`. So no attempt
takes longer than the recording's length / `slowest` + `window`, whatever the engine does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to here the pace was kept: so many seconds of the recording were `done` at this moment (seconds)."""

    done: float
    at: float


def headway(mark: Mark, done: float, now: float, *, window: float, slowest: float) -> Mark | None:
    """The mark to go on from. None: for a whole window the pace has not been kept."""
    if done - mark.done >= slowest * window:
        return Mark(done, now)
    return mark if now - mark.at <= window else None
