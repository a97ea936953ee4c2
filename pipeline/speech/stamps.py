"""Whisper's time stamps among its tokens: `<0.00> words <2.40><2.40> words <5.00>`.

A pair of stamps ends one segment and begins the next. One stamp at the end says that nothing more is said; without it
the last segment was cut off in the middle, and is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

STAMP_SECONDS = 0.02  # between one stamp and the next


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment. Times are seconds from where the decoding began; `end` is None where no stamp says it."""

    start: float
    end: float | None
    tokens: tuple[int, ...]  # of text
    stamped: tuple[int, ...] = field(default=(), compare=False)  # as they were read, stamps included


def read_stamps(tokens: Sequence[int], first_stamp: int, text_below: int) -> tuple[list[Piece], bool]:
    """The segments, and whether nothing more is said.

    `first_stamp`: the token of 0.00 seconds. `text_below`: the first token that isn't text.
    """
    complete = len(tokens) >= 2 and tokens[-2] < first_stamp <= tokens[-1]
    ends = [at for at in range(1, len(tokens)) if tokens[at] >= first_stamp and tokens[at - 1] >= first_stamp]
    if not ends or complete:
        ends.append(len(tokens))
    starts = [0, *ends[:-1]]
    return [
        _piece(tokens[a:b], first_stamp, text_below) for a, b in zip(starts, ends, strict=True) if a < b
    ], complete


def _piece(tokens: Sequence[int], first_stamp: int, text_below: int) -> Piece:
    stamps = [(token - first_stamp) * STAMP_SECONDS for token in tokens if token >= first_stamp]
    text = tuple(token for token in tokens if token < text_below)
    return Piece(stamps[0] if stamps else 0.0, stamps[-1] if len(stamps) > 1 else None, text, tuple(tokens))
