"""How far a recording is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeechProgress:
    done_seconds: float
    total_seconds: float | None  # None: the recording's header does not say


NOTHING_DONE = SpeechProgress(0.0, None)
