"""Turns laid over a transcript: each word goes to whoever speaks during most of it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.speakers.diarizer import Turn
from pipeline.speech.speakers import cut_at_turns, labeled
from pipeline.speech.transcript import Segment

Seconds = npt.NDArray[np.float64]


def with_speakers(segments: Sequence[Segment], turns: Sequence[Turn]) -> tuple[Segment, ...]:
    """The segments, cut where the speaker changes, with labels by first appearance. As they are without a turn."""
    if not turns:
        return tuple(segments)
    speakers = _Speakers(turns)
    return labeled([piece for segment in segments for piece in cut_at_turns(segment, speakers.of)])


class _Speakers:
    def __init__(self, turns: Sequence[Turn]) -> None:
        self._starts: Seconds = np.array([turn.start for turn in turns])
        self._ends: Seconds = np.array([turn.end for turn in turns])
        self._names = [str(turn.speaker) for turn in turns]
        self._last: str | None = None

    def of(self, start: float, end: float) -> str:
        """Who speaks longest from `start` to `end`; where nobody does, whoever is nearest. Asked in order of time:
        of several who speak all the while it is the one who spoke before.
        """
        shared = np.minimum(self._ends, end) - np.maximum(self._starts, start)  # below 0: how far away
        best = float(shared.max())
        among = [self._names[index] for index in np.flatnonzero(shared >= best - 1e-6)]
        self._last = self._last if self._last in among else among[0]
        return self._last
