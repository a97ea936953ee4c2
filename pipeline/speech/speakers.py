"""Who speaks in a transcript: labels (`S1`, `S2`, …) by first appearance, and the names that a client gives them.

A segment has one speaker; where the speaker changes inside one, it is cut there, between words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.speech.transcript import Segment, Transcript, Word

MOST_SPEAKERS = 32
"""That may be asked for; nobody tells more apart by listening."""


@dataclass(frozen=True, slots=True)
class SpeakerBounds:
    """How many there are, as far as the client knows."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class SpeakerTime:
    label: str
    seconds: float  # of the segments that are this speaker's
    name: str | None = None


def label(number: int) -> str:
    """Of the speaker who is the `number`th to appear, counted from 0."""
    return f"S{number + 1}"


def labeled(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The same, in order of time, whose speakers have labels instead of the names that an engine gave them."""
    ordered = sorted(segments, key=lambda segment: (segment.start, segment.end))
    labels: dict[str | None, str] = {}
    for segment in ordered:
        labels.setdefault(segment.speaker, label(len(labels)))
    return tuple(spoken_by(segment, labels[segment.speaker]) for segment in ordered)


def spoken_by(segment: Segment, speaker: str | None) -> Segment:
    """The segment and all of its words."""
    words = tuple(replace(word, speaker=speaker) for word in segment.words)
    return replace(segment, words=words, speaker=speaker)


def cut_at_turns(segment: Segment, speaker_of: Callable[[float, float], str]) -> Iterator[Segment]:
    """The segment in pieces of one speaker each. `speaker_of`: who speaks from when to when, in seconds."""
    if not segment.words:
        yield spoken_by(segment, speaker_of(segment.start, segment.end))
        return
    words = [replace(word, speaker=speaker_of(word.start, word.end)) for word in segment.words]
    turns = [(speaker, tuple(said)) for speaker, said in groupby(words, key=lambda word: word.speaker)]
    if len(turns) == 1:  # as it was written
        yield replace(segment, words=turns[0][1], speaker=turns[0][0])
        return
    for speaker, said in turns:
        yield Segment(said[0].start, said[-1].end, _text(said), said, segment.language, speaker)


def speaker_times(transcript: Transcript) -> tuple[SpeakerTime, ...]:
    """By first appearance; none where speakers weren't told apart."""
    seconds: dict[str, float] = {}
    for segment in transcript.segments:
        if segment.speaker is not None:
            seconds[segment.speaker] = seconds.get(segment.speaker, 0.0) + segment.end - segment.start
    return tuple(SpeakerTime(speaker, round(spoken, 3)) for speaker, spoken in seconds.items())


def renamed(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The same with names in place of labels; a label that isn't in `names` stays."""
    if not names:
        return transcript
    segments = tuple(
        segment
        if segment.speaker is None
        else spoken_by(segment, names.get(segment.speaker, segment.speaker))
        for segment in transcript.segments
    )
    return replace(transcript, segments=segments)


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()
