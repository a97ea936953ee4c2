"""A passage: a stretch of a recording that was heard at one go, from where the one before ended.

It ends in silence, so that whoever comes after can go on there: passages are told and kept while the rest is still to
be heard. Times are seconds from the recording's start.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pipeline.speech.languages import LanguageStretch
from pipeline.speech.transcript import Segment, Span, Word


@dataclass(frozen=True, slots=True)
class Passage:
    """`unheard`: stretches of speech of a second or more in which no words were made out. `languages`: which were
    spoken, from the recording's start to this end; none by a model that knows one language.

    `channels`: where each is heard by itself, all that is known of them by now. Then `end` is up to where all have been
    heard, and `segments` is what is told of them.
    """

    end: float
    segments: tuple[Segment, ...] = ()
    unheard: tuple[Span, ...] = ()
    languages: tuple[LanguageStretch, ...] = ()
    channels: tuple["HeardChannel", ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What hearing has to know of the passages that were heard before, to go on behind them.

    `words`: whether any were made out.
    """

    end: float = 0.0
    words: bool = False
    unheard: tuple[Span, ...] = ()
    languages: tuple[LanguageStretch, ...] = ()
    channels: tuple["HeardChannel", ...] = ()

    def followed_by(self, passage: Passage) -> "Before":
        return Before(
            passage.end,
            self.words or bool(passage.segments),
            (*self.unheard, *passage.unheard),
            passage.languages,
            passage.channels,
        )

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "Before":
        return reduce(cls.followed_by, passages, cls())


NOTHING_BEFORE = Before()


@dataclass(frozen=True, slots=True)
class HeardChannel:
    """What hearing has to know of one of several channels, to go on behind its last passage.

    `label`: its speaker's, once something of it was told. `seconds`: that somebody speaks on it. `waiting`: segments
    that aren't told yet, since the other channels haven't been heard as far.
    """

    before: Before = NOTHING_BEFORE
    label: str | None = None
    seconds: float = 0.0
    waiting: tuple[Segment, ...] = ()

    def followed_by(self, passage: Passage) -> "HeardChannel":
        """`passage`: of this channel."""
        return HeardChannel(
            self.before.followed_by(passage),
            self.label,
            self.seconds + sum(segment.end - segment.start for segment in passage.segments),
            (*self.waiting, *passage.segments),
        )


def passages_to_bytes(passages: Iterable[Passage]) -> bytes:
    made = [passage_to_json(passage) for passage in passages]
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def passages_from_bytes(data: bytes) -> list[Passage]:
    return [passage_from_json(raw) for raw in json.loads(data)]


def passage_to_json(passage: Passage) -> dict[str, Any]:
    return {
        "end": passage.end,
        "segments": [segment_to_json(segment) for segment in passage.segments],
        "unheard": passage.unheard,
        "languages": languages_to_json(passage.languages),
        "channels": [channel_to_json(channel) for channel in passage.channels],
    }


def passage_from_json(raw: dict[str, Any]) -> Passage:
    """Raises KeyError, TypeError and ValueError for anything else."""
    return Passage(
        float(raw["end"]),
        tuple(segment_from_json(segment) for segment in raw["segments"]),
        spans_from_json(raw["unheard"]),
        languages_from_json(raw["languages"]),
        tuple(
            channel_from_json(channel) for channel in raw.get("channels", ())
        ),  # not in what was kept before
    )


def before_to_json(before: Before) -> dict[str, Any]:
    return {
        "end": before.end,
        "words": before.words,
        "unheard": before.unheard,
        "languages": languages_to_json(before.languages),
        "channels": [channel_to_json(channel) for channel in before.channels],
    }


def before_from_json(raw: dict[str, Any]) -> Before:
    return Before(
        float(raw["end"]),
        bool(raw["words"]),
        spans_from_json(raw["unheard"]),
        languages_from_json(raw["languages"]),
        tuple(channel_from_json(channel) for channel in raw["channels"]),
    )


def channel_to_json(channel: HeardChannel) -> list[Any]:
    waiting = [segment_to_json(segment) for segment in channel.waiting]
    return [before_to_json(channel.before), channel.label, channel.seconds, waiting]


def channel_from_json(raw: Sequence[Any]) -> HeardChannel:
    before, label, seconds, waiting = raw
    if not (label is None or isinstance(label, str)):
        raise TypeError("a label is a text")
    said = tuple(segment_from_json(segment) for segment in waiting)
    return HeardChannel(before_from_json(before), label, float(seconds), said)


def spans_from_json(raw: Sequence[Sequence[float]]) -> tuple[Span, ...]:
    return tuple((float(start), float(end)) for start, end in raw)


def languages_to_json(languages: Iterable[LanguageStretch]) -> list[list[Any]]:
    return [[one.start, one.end, one.spoken, one.heard_as] for one in languages]


def languages_from_json(raw: Iterable[Sequence[Any]]) -> tuple[LanguageStretch, ...]:
    return tuple(
        LanguageStretch(float(start), float(end), str(spoken), str(heard_as))
        for start, end, spoken, heard_as in raw
    )


def segment_to_json(segment: Segment) -> list[Any]:
    words = [[word.start, word.end, word.text] for word in segment.words]
    return [segment.start, segment.end, segment.text, words, segment.language, segment.speaker]


def segment_from_json(raw: Sequence[Any]) -> Segment:
    """Raises TypeError and ValueError for anything else."""
    start, end, text, words, language, speaker = raw
    if not all(name is None or isinstance(name, str) for name in (language, speaker)):
        raise TypeError("languages and speakers are texts")
    said = tuple(Word(float(s), float(e), str(t), speaker) for s, e, t in words)
    return Segment(float(start), float(end), str(text), said, language, speaker)
