"""How long what is left to hear may take, by what has been heard since it was first looked at."""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from pipeline.states import InputType
from smelt_client.models import FileReply

LEAST = 5.0  # seconds of watching before anything is foretold


class Pace:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: float | None = None
        self._at_first: dict[UUID, float] = {}

    def left(self, files: Sequence[FileReply]) -> float | None:
        """Seconds; None: it can't be told yet, or nothing is left. A recording whose length isn't known yet is taken to
        be as long as the others, byte by byte.
        """
        recordings = [file for file in files if file.input_type == InputType.AUDIO]
        now = self._clock()
        if self._begun is None:
            self._begun = now
        for file in recordings:
            self._at_first.setdefault(file.id, _heard(file))
        lengths = _lengths(recordings)
        if not lengths or now - self._begun < LEAST:
            return None
        gained = sum(lengths[file.id] * (_heard(file) - self._at_first[file.id]) for file in recordings)
        left = sum(lengths[file.id] * (1 - _heard(file)) for file in recordings)
        return left * (now - self._begun) / gained if gained > 0 and left > 0 else None


def _heard(file: FileReply) -> float:
    return 1.0 if file.ended else file.progress


def _lengths(files: Sequence[FileReply]) -> dict[UUID, float]:
    """Seconds, known or estimated. Empty: not one is known."""
    known = [(file.duration_seconds, file.size_bytes) for file in files if file.duration_seconds]
    size = sum(size for _, size in known)
    if not size:
        return {}
    pace = sum(seconds for seconds, _ in known) / size
    return {file.id: file.duration_seconds or pace * file.size_bytes for file in files}
