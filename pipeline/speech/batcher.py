"""Fills each call of the model with windows of all recordings that are being heard; each leads in turn.

Whoever was served longest ago leads the next call: so a memo doesn't wait behind the windows of a lecture. What shares
a call changes no word.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.speech.stream import Stream
from pipeline.speech.whisper import Whisper

Kind = tuple[int, int, int]
"""Rung, frames of the encoder, and length of the prompt: streams that share a call have the same."""


@dataclass(slots=True, eq=False)
class _Recording:
    """What of one recording is being heard: its streams that haven't ended."""

    going: list[Stream]


class Batcher:
    """One model's. Each recording calls `hear` from a thread of its own, in which it also leads."""

    def __init__(self, model: Whisper, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self._turn = threading.Condition()
        self._queue: list[_Recording] = []  # the one that was served longest ago is first
        self._calling = False

    def hear(self, streams: Sequence[Stream], told: Callable[[float], None]) -> None:
        """Returns when all of them have ended.

        `told`: the share of them that is done, after each call of the model, one for others too. What it raises takes
        the streams out of all further calls, and is passed on.
        """
        recording = _Recording([stream for stream in streams if not stream.ended])
        total = sum(stream.end - stream.start for stream in streams)
        with self._turn:
            self._queue.append(recording)
        try:
            while recording.going:
                self._next_call(recording)
                told(1.0 - sum(stream.end - stream.position for stream in recording.going) / total)
        finally:
            with self._turn:
                self._queue.remove(recording)
                self._turn.notify_all()

    def _next_call(self, recording: _Recording) -> None:
        """Makes it, if this recording is to lead; else waits until another's is over."""
        with self._turn:
            if self._calling or self._queue[0] is not recording:
                self._turn.wait()
                return
            batch = self._batch()
            self._calling = True
        try:
            self._model.step(batch)
        finally:
            with self._turn:
                self._calling = False
                self._note_served(batch)
                self._turn.notify_all()

    def _batch(self) -> list[Stream]:
        """Of the first recording the largest group that may share a call, filled up with the others' of that kind."""
        leader, *others = self._queue
        [(kind, _)] = Counter(map(self._kind, leader.going)).most_common(1)
        alike = (
            stream
            for recording in (leader, *others)
            for stream in recording.going
            if self._kind(stream) == kind
        )
        return list(islice(alike, self._batch_size))

    def _kind(self, stream: Stream) -> Kind:
        return stream.rung, self._model.encoder_frames(stream.left), len(stream.prompt)

    def _note_served(self, batch: Sequence[Stream]) -> None:
        """Those that had a stream in it queue up behind those that hadn't."""
        numbers = set(map(id, batch))
        served = [each for each in self._queue if any(id(stream) in numbers for stream in each.going)]
        self._queue = [*(each for each in self._queue if each not in served), *served]
        for recording in served:
            recording.going = [stream for stream in recording.going if not stream.ended]
