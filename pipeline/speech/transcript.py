"""A transcript: what was said, when. Times are seconds from the recording's start."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.states import SpeechTask

Span = tuple[float, float]
"""Start and end, in seconds."""


@dataclass(frozen=True, slots=True)
class Word:
    start: float
    end: float
    text: str  # as written in the segment, leading space kept
    speaker: str | None = None  # of the segment


@dataclass(frozen=True, slots=True)
class Segment:
    start: float
    end: float
    text: str  # stripped
    words: tuple[Word, ...] = ()
    language: str | None = None  # that is spoken in it, where the language was said to change
    speaker: str | None = None  # None: speakers weren't told apart


@dataclass(frozen=True, slots=True)
class Transcript:
    """What one input says. A text input is a transcript of one segment without a duration or a language.

    `language`: that is spoken, in most of it. `task`: what has become of it; a translation is in English.
    `unheard`: start and end of each stretch of speech, of a second or more, in which no words could be made out.
    """

    segments: tuple[Segment, ...]
    language: str | None = None
    duration_seconds: float | None = None
    warnings: tuple[str, ...] = ()
    unheard: tuple[Span, ...] = ()
    task: SpeechTask = SpeechTask.TRANSCRIBE

    @property
    def written_in(self) -> str | None:
        """The language of the text."""
        return "en" if self.task is SpeechTask.TRANSLATE else self.language

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @classmethod
    def of_text(cls, text: str) -> "Transcript":
        return cls(segments=(Segment(0.0, 0.0, text),))

    def to_json(self) -> bytes:
        stored = asdict(self, dict_factory=_without_nothing)
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Transcript":
        raw: dict[str, Any] = json.loads(data)
        segments = tuple(
            Segment(
                s["start"],
                s["end"],
                s["text"],
                tuple(Word(**w) for w in s["words"]),
                s.get("language"),
                s.get("speaker"),
            )
            for s in raw["segments"]
        )
        # Neither in what was stored before
        unheard = tuple((start, end) for start, end in raw.get("unheard", ()))
        task = SpeechTask(raw.get("task", SpeechTask.TRANSCRIBE))
        language, seconds = raw.get("language"), raw.get("duration_seconds")
        return cls(segments, language, seconds, tuple(raw["warnings"]), unheard, task)


def turn_beginnings(segments: Sequence[Segment]) -> Iterator[tuple[Segment, str | None]]:
    """Each segment with its speaker where another spoke before, else with None."""
    before: str | None = None
    for segment in segments:
        yield segment, segment.speaker if segment.speaker != before else None
        before = segment.speaker


def _without_nothing(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member of JSON for each field, but for a language or speaker that isn't told: segments and words are many."""
    return {name: value for name, value in members if value is not None}
