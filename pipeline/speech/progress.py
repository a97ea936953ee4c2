"""How far a recording is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.speech.passage import Passage


@dataclass(frozen=True, slots=True)
class SpeechProgress:
    """`passages`: what this attempt has heard so far. It grows while the attempt lasts."""

    done_seconds: float
    total_seconds: float | None  # None: the recording's header does not say
    passages: Sequence[Passage] = field(default=(), repr=False, compare=False)


NOTHING_DONE = SpeechProgress(0.0, None)
