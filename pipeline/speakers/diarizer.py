"""What tells speakers apart must do: from samples to turns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pipeline.speech.samples import Samples
from pipeline.speech.speakers import SpeakerBounds


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks, from `start` to `end` in seconds. Turns of two may overlap. `speaker`: any number of its own."""

    start: float
    end: float
    speaker: int


class Diarizer(Protocol):
    def turns(
        self, samples: Samples, bounds: SpeakerBounds, report: Callable[[float], None]
    ) -> tuple[Turn, ...]:
        """Of a whole recording, by their starts. `report`: is told the share that is done, from 0 to 1."""
        ...
