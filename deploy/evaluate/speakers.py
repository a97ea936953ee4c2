"""Who speaks in a recording, as the service tells it, against who does: the diarization error rate.

That is the time in which somebody is missed, somebody is heard who doesn't speak, or another is taken for who does, in
relation to the time that is spoken; two at once count twice. No margin around turns is left out (Fiscus et al., 2006).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

# Ships no types
from pyannote.core import Annotation, Segment, Timeline  # type: ignore[import-untyped]
from pyannote.metrics.diarization import DiarizationErrorRate

from deploy.evaluate.listening import Listener
from deploy.evaluate.recordings import Recording
from deploy.evaluate.references import ReferenceInvalid
from deploy.evaluate.rttm import NamedTurn, read_rttm
from deploy.evaluate.trial import REFERENCE_INVALID, UNREADABLE
from pipeline.errors import SmeltError
from pipeline.speakers.diarizer import Turn
from pipeline.speakers.process import SpeakersFailed

FAILED = "speakers_failed"


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """Seconds, and how many speakers there are and were found."""

    speakers: int = 0
    found: int = 0
    spoken: float = 0.0
    missed: float = 0.0
    invented: float = 0.0  # heard where nobody, or one fewer, speaks
    confused: float = 0.0

    @property
    def error_rate(self) -> float | None:
        """From 0; above 1 where more was invented than is spoken. None: nobody speaks."""
        return (self.missed + self.invented + self.confused) / self.spoken if self.spoken else None

    def __add__(self, other: "SpeakerScore") -> "SpeakerScore":
        return SpeakerScore(
            self.speakers + other.speakers,
            self.found + other.found,
            self.spoken + other.spoken,
            self.missed + other.missed,
            self.invented + other.invented,
            self.confused + other.confused,
        )


@dataclass(frozen=True, slots=True)
class SpeakerTrial:
    """What came of one recording. `code`: why it has no score."""

    name: str
    reference: str
    score: SpeakerScore | None = None
    seconds: float | None = None  # how long the recording is
    took_seconds: float | None = None
    memory_bytes: int | None = None
    code: str | None = None
    detail: str | None = None


def try_speakers(listener: Listener, recording: Recording) -> SpeakerTrial:
    """Of a recording with turns beside it."""
    assert recording.turns is not None  # noqa: S101 - for the types
    names = (recording.name, recording.turns.name)
    begun = time.monotonic()
    try:
        expected = read_rttm(recording.turns)
        told, seconds = listener.tell_speakers(recording.path)
    except ReferenceInvalid as error:
        return SpeakerTrial(*names, code=REFERENCE_INVALID, detail=str(error))
    except OSError as error:
        return SpeakerTrial(*names, code=UNREADABLE, detail=str(error))
    except SmeltError as error:
        return SpeakerTrial(*names, code=error.code, detail=error.detail)
    except SpeakersFailed as error:
        return SpeakerTrial(*names, code=FAILED, detail=str(error))
    took = time.monotonic() - begun
    score = score_turns(expected, told.turns, seconds)
    return SpeakerTrial(*names, score, seconds, took, told.memory_bytes)


def score_turns(expected: Sequence[NamedTurn], told: Sequence[Turn], seconds: float) -> SpeakerScore:
    """`seconds`: of the whole recording, all of which counts."""
    reference, hypothesis = Annotation(), Annotation()
    for track, turn in enumerate(expected):
        reference[Segment(turn.start, turn.end), track] = turn.name
    for track, spoken in enumerate(told):
        hypothesis[Segment(spoken.start, spoken.end), track] = f"S{spoken.speaker}"
    found = DiarizationErrorRate()(reference, hypothesis, uem=Timeline([Segment(0, seconds)]), detailed=True)
    return SpeakerScore(
        len({turn.name for turn in expected}),
        len({turn.speaker for turn in told}),
        found["total"],
        found["missed detection"],
        found["false alarm"],
        found["confusion"],
    )
