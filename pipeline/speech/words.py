"""Words and their times, as the model's attention aligns them, and what of the sound they stand for.

Where the model skips speech, the alignment stretches a word or a full stop over it. So a word that is too long covers
only what a word can, at both ends, and punctuation covers nothing: the rest is found to be speech without words.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from pipeline.speech.spans import SLACK_SECONDS
from pipeline.speech.transcript import Segment, Span, Word
from pipeline.states import SpeechTask

LONGEST = 1.2  # seconds that a word takes; of 1,300 that were aligned, 97 % take less, full stops included
EDGE = 0.6  # seconds that are left of a longer one
_AROUND_SECONDS = 0.4  # of speech, and of stamps: a word's times may be wrong by as much


@dataclass(frozen=True, slots=True)
class TimedWord:
    """`text` as written, with its space before and its punctuation. `segment`: words of one segment have one number."""

    start: float  # seconds from the block's start
    end: float
    text: str
    segment: tuple[int, ...]

    @property
    def spoken(self) -> bool:
        return any(letter.isalnum() for letter in self.text)


def within_stamps(word: TimedWord, first: float, last: float) -> TimedWord:
    """A long word lies where the model's time stamps put its segment: it was drawn over what the model passed over. If
    that is before it, its end is right.

    `first`, `last`: the segment's stamps, in seconds from the block's start.
    """
    if word.end - word.start <= LONGEST:
        return word
    low, high = first - _AROUND_SECONDS, max(first, last) + _AROUND_SECONDS
    start = word.start if word.start >= low else max(low, word.end - EDGE)
    return replace(word, start=min(start, high), end=min(max(word.end, low), high))


def not_before(word: TimedWord, start: float) -> TimedWord:
    """Words are in order of time: what follows a word that was drawn over something was drawn over it too."""
    if word.start >= start:
        return word
    return replace(word, start=start, end=max(word.end, start))


def covered(words: Iterable[TimedWord], task: SpeechTask = SpeechTask.TRANSCRIBE) -> Iterator[Span]:
    """What of the sound the words stand for; of a translation, whose words have another order, what segments span."""
    if task is SpeechTask.TRANSLATE:
        for _, said in groupby(words, key=lambda word: word.segment):
            times = [time for word in said for time in (word.start, word.end)]
            yield min(times), max(times)
        return
    for word in words:
        if not word.spoken:
            continue
        if word.end - word.start > LONGEST:
            yield word.start, word.start + EDGE
            yield word.end - EDGE, word.end
        else:
            yield word.start, word.end


def in_speech(words: Sequence[TimedWord], speech: Sequence[Span]) -> list[TimedWord]:
    """Without the segments that lie where nobody speaks: Whisper likes to thank for watching at a silent end."""
    spoken = {word.segment for word in words if any(_touches(word, stretch) for stretch in speech)}
    return [word for word in words if word.segment in spoken]


def _touches(word: TimedWord, stretch: Span) -> bool:
    return word.end + _AROUND_SECONDS > stretch[0] and word.start - _AROUND_SECONDS < stretch[1]


def said_in(words: Sequence[TimedWord], gaps: Sequence[Span]) -> list[TimedWord]:
    """Those of what was heard again that were said in the gaps: around them words are heard that are there already."""
    return [
        word
        for word in words
        if any(
            start - SLACK_SECONDS <= (word.start + word.end) / 2 <= end + SLACK_SECONDS for start, end in gaps
        )
    ]


def trimmed(words: Sequence[TimedWord]) -> list[TimedWord]:
    """In order of time, none longer than `LONGEST`: the first of a segment keeps its end, since its start was drawn to
    what came before; others keep their start. `words`: those of a segment follow one another.

    What is left of them puts them in order: a word that was drawn over a gap isn't said amid what was found there.
    """
    segments = [None, *(word.segment for word in words)]
    shortened = [
        _shortened(word, first=word.segment != before) for word, before in zip(words, segments, strict=False)
    ]
    return sorted(shortened, key=lambda word: (word.start + word.end) / 2)


def _shortened(word: TimedWord, *, first: bool) -> TimedWord:
    if word.end - word.start <= LONGEST:
        return word
    return replace(word, start=word.end - EDGE) if first else replace(word, end=word.start + EDGE)


def to_segments(
    words: Sequence[TimedWord],
    offset: float,
    end: float,
    *,
    first: float | None = None,
    languages: Mapping[int, str] | None = None,
) -> Iterator[Segment]:
    """Segments of `trimmed` words, in the recording's own time: none begins before its predecessor's end.

    `offset`: the block's start; `first`, `end`: where the words may lie, the first from the block's start on unless
    told. All in seconds from the recording's start. `languages`: by the first number of the words' segments, where the
    segments are to tell them.
    """
    earliest = offset if first is None else first
    for group in _by_segment(words):
        said: list[Word] = []
        for word in group:
            start = round(min(max(offset + word.start, earliest), end), 3)
            earliest = round(min(max(offset + word.end, start), end), 3)
            said.append(Word(start, earliest, word.text))
        text = "".join(word.text for word in said).strip()
        if text:
            language = languages.get(group[0].segment[0]) if languages else None
            yield Segment(said[0].start, said[-1].end, text, tuple(said), language)


def _by_segment(words: Sequence[TimedWord]) -> Iterator[Sequence[TimedWord]]:
    """A segment that another was found in the middle of is two."""
    cuts = [
        0,
        *(at for at, (one, two) in enumerate(pairwise(words), 1) if one.segment != two.segment),
        len(words),
    ]
    return (words[first:last] for first, last in pairwise(cuts) if last > first)
