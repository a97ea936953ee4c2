"""Fills each call of the model with windows of all recordings that are under way; each leads in turn.

Whoever was served longest ago leads the next call: so a memo doesn't wait behind the windows of a lecture. What shares
a call changes no word.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.speech.identification import Identification
from pipeline.speech.stream import Stream
from pipeline.speech.whisper import Whisper

Piece = Stream | Identification
Kind = tuple[type[Piece], int, int, int]
"""Heard or identified, frames of the encoder, rung, and length of the prompt: what shares a call has the same."""


@dataclass(slots=True, eq=False)
class _Recording:
    """What of one recording is under way: its pieces that haven't ended."""

    going: list[Piece]


class Batcher:
    """One model's. Each recording calls `work` from a thread of its own, in which it also leads."""

    def __init__(self, model: Whisper, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self._turn = threading.Condition()
        self._queue: list[_Recording] = []  # the one that was served longest ago is first
        self._calling = False

    def work(self, pieces: Sequence[Piece], told: Callable[[float], None]) -> None:
        """Returns when all of them have ended: streams are heard, languages identified.

        `told`: the share of them that is done, after each call of the model, one for others too. What it raises takes
        them out of all further calls, and is passed on.
        """
        recording = _Recording([piece for piece in pieces if not piece.ended])
        total = sum(piece.end - piece.start for piece in pieces)
        with self._turn:
            self._queue.append(recording)
        try:
            while recording.going:
                self._next_call(recording)
                told(1.0 - sum(piece.left for piece in recording.going) / total)
        finally:
            with self._turn:
                self._queue.remove(recording)
                self._turn.notify_all()

    def _next_call(self, recording: _Recording) -> None:
        """Makes it, if this recording is to lead; else waits until another's is over."""
        with self._turn:
            if not recording.going:
                return  # another's call, since the caller looked, was its last
            if self._calling or self._queue[0] is not recording:
                self._turn.wait()
                return
            batch = self._batch()
            self._calling = True
        try:
            self._call(batch)
        finally:
            with self._turn:
                self._calling = False
                self._note_served(batch)
                self._turn.notify_all()

    def _call(self, batch: Sequence[Piece]) -> None:
        """All are of one kind."""
        if windows := [piece for piece in batch if isinstance(piece, Identification)]:
            self._model.identify(windows)
        else:
            self._model.step([piece for piece in batch if isinstance(piece, Stream)])

    def _batch(self) -> list[Piece]:
        """Of the first recording the largest group that may share a call, filled up with the others' of that kind."""
        leader, *others = self._queue
        [(kind, _)] = Counter(map(self._kind, leader.going)).most_common(1)
        alike = (
            piece for recording in (leader, *others) for piece in recording.going if self._kind(piece) == kind
        )
        return list(islice(alike, self._batch_size))

    def _kind(self, piece: Piece) -> Kind:
        frames = self._model.encoder_frames(piece)
        if isinstance(piece, Identification):
            return Identification, frames, 0, 0
        return Stream, frames, piece.rung, len(piece.prompt)

    def _note_served(self, batch: Sequence[Piece]) -> None:
        """Those that had a piece in it queue up behind those that hadn't."""
        numbers = set(map(id, batch))
        served = [each for each in self._queue if any(id(piece) in numbers for piece in each.going)]
        self._queue = [*(each for each in self._queue if each not in served), *served]
        for recording in served:
            recording.going = [piece for piece in recording.going if not piece.ended]
