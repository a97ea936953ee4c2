"""The stall detector: does it get on? A recording that doesn't is given up as `timed_out`, a body that doesn't arrive
is refused.

What hangs makes no progress at all; what crawls makes a little, for ever. Both are bounded by a floor on the pace: at
least `slowest` of the whole (seconds of a recording, bytes of a body) for each second, over a whole `window`. So
nothing takes longer than the whole / `slowest` + `window`, whatever the engine or the client does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Up to here the pace was kept: so much was `done` at this moment (seconds)."""

    done: float
    at: float


def next_checkpoint(
    checkpoint: Checkpoint, done: float, now: float, *, window: float, slowest: float
) -> Checkpoint | None:
    """The checkpoint to go on from. None: for a whole window the pace has not been kept."""
    if done - checkpoint.done >= slowest * window:
        return Checkpoint(done, now)
    return checkpoint if now - checkpoint.at <= window else None
