"""A transcript: what was said, when. Times are seconds from the recording's start."""

import json
from dataclasses import asdict, dataclass
from typing import Any

Span = tuple[float, float]
"""Start and end, in seconds."""


@dataclass(frozen=True, slots=True)
class Word:
    start: float
    end: float
    text: str  # as written in the segment, leading space kept


@dataclass(frozen=True, slots=True)
class Segment:
    start: float
    end: float
    text: str  # stripped
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What one input says. A text input is a transcript of one segment without a duration or a language.

    `unheard`: start and end of each stretch of speech, of a second or more, in which no words could be made out.
    """

    segments: tuple[Segment, ...]
    language: str | None = None
    duration_seconds: float | None = None
    warnings: tuple[str, ...] = ()
    unheard: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @classmethod
    def of_text(cls, text: str) -> "Transcript":
        return cls(segments=(Segment(0.0, 0.0, text),))

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Transcript":
        raw: dict[str, Any] = json.loads(data)
        segments = tuple(
            Segment(s["start"], s["end"], s["text"], tuple(Word(**w) for w in s["words"]))
            for s in raw["segments"]
        )
        unheard = tuple(
            (start, end) for start, end in raw.get("unheard", ())
        )  # none in what was stored before
        return cls(segments, raw["language"], raw["duration_seconds"], tuple(raw["warnings"]), unheard)
