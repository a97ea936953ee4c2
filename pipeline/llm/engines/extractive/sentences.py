"""Taking a document apart: its sentences, with where each stands, and its headings if it has any."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from pipeline.llm.documents import Document, clock, is_timed
from pipeline.llm.engines.extractive.ticking import Tick, ticking
from pipeline.speech.transcript import Segment

_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[^\W\d_]|mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|z\.b|d\.h|bzw|ca|nr|no|fig|approx|inc|ltd|jr|sr)\.$",
    re.I,
)
_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]{0,3}\s+|[。！？｡।؟۔][」』”’）]{0,3}\s*")  # noqa: RUF001
# A line may be megabytes long, so no pattern of lines repeats what it could give back: their ends are cut off first.
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_TASK = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+\[([ xX])\]\s+")
_BULLET = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_NOT_TEXT = re.compile(r"[-*_=|:\s]{3,}$|```")  # rules, table borders, fences; of a stripped line
_LONGEST = 2_000  # characters; what goes on for longer without an end is cut between words
_ENDERS = tuple('.!?…。！？।؟۔"”»')  # noqa: RUF001


class Kind(StrEnum):
    PLAIN = "plain"
    OPEN_TASK = "open task"  # an unticked checkbox
    DONE_TASK = "done task"


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str  # white space collapsed to single spaces, otherwise as in the input
    document: int  # index of its document
    place: str  # time from the start, or line number: what a reader needs to find it
    start: float | None = None  # seconds
    kind: Kind = Kind.PLAIN


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int  # 1 to 6
    first: int  # index, within the document, of the first sentence below it


@dataclass(frozen=True, slots=True)
class Reading:
    """A document's sentences and headings, in order."""

    sentences: list[Sentence]
    headings: list[Heading]


def read(document: Document, index: int, tick: Tick) -> Reading:
    if is_timed(document.transcript):
        return Reading(list(ticking(_spoken(document.transcript.segments, index), tick)), [])
    return _written(document.transcript.text, index, tick)


def _written(text: str, index: int, tick: Tick) -> Reading:
    reading = Reading([], [])
    paragraph: list[str] = []
    first = 1
    for number, line in enumerate(ticking([*text.splitlines(), ""], tick), start=1):
        stripped = line.strip()
        heading, bullet = _heading(line), _BULLET.match(line)
        is_text = bool(stripped) and not _NOT_TEXT.match(stripped)
        if heading or bullet or not is_text:
            _close(reading, paragraph, index, first)
        if heading:
            reading.headings.append(Heading(*heading, len(reading.sentences)))
        elif bullet and is_text:
            _item(reading, line, bullet.end(), index, number)
        elif is_text:
            first = first if paragraph else number
            paragraph.append(line)
    return reading


def _heading(line: str) -> tuple[str, int] | None:
    """The heading's text and level."""
    if not (match := _HEADING.match(line)):
        return None
    text = match[2].rstrip()
    opened = text.rstrip("#")  # "## Plan ##" is closed, "# C#" isn't
    text = text if opened == opened.rstrip() else opened.rstrip()
    return (text, len(match[1])) if text else None


def _close(reading: Reading, paragraph: list[str], index: int, first: int) -> None:
    for text in split_sentences("\n".join(paragraph)):
        if flat := _flat(text):
            reading.sentences.append(Sentence(flat, index, f"line {first}"))
        first += text.count("\n")
    paragraph.clear()


def _item(reading: Reading, line: str, start: int, index: int, number: int) -> None:
    if task := _TASK.match(line):
        kind = Kind.OPEN_TASK if task[1] == " " else Kind.DONE_TASK
        if text := _flat(line[task.end() :]):
            reading.sentences.append(Sentence(text, index, f"line {number}", kind=kind))
        return
    for text in split_sentences(line[start:]):
        if flat := _flat(text):
            reading.sentences.append(Sentence(flat, index, f"line {number}"))


def _spoken(segments: tuple[Segment, ...], index: int) -> Iterator[Sentence]:
    """Sentences across segments; where the recognizer writes no punctuation, each segment is a sentence."""
    punctuated = sum(segment.text.rstrip().endswith(_ENDERS) for segment in segments) * 4 >= len(segments)
    held: list[Segment] = []
    for segment in segments:
        if not segment.text.strip():
            continue
        held.append(segment)
        if not punctuated or segment.text.rstrip().endswith(_ENDERS):
            yield from _timed(held, index)
            held = []
    yield from _timed(held, index)


def _timed(segments: list[Segment], index: int) -> Iterator[Sentence]:
    ends = list(accumulate(len(segment.text) + 1 for segment in segments))  # of each, in the joined text
    at = 0
    for text in split_sentences(" ".join(segment.text for segment in segments)):
        start = segments[bisect_right(ends, at)].start
        at += len(text)
        if flat := _flat(text):
            yield Sentence(flat, index, clock(start), start)


def split_sentences(text: str) -> Iterator[str]:
    """The text's sentences, white space after each kept; joined they are the text."""
    start = 0
    for end in _END.finditer(text):
        following = text[end.end() : end.end() + 1]
        # "3 p.m. sharp", "e.g. this", "Dr. Smith": a full stop that ends no sentence
        if text[end.start() - 1] == "." and (following.islower() or _abbreviates(text, end.start())):
            continue
        yield from _bounded(text, start, end.end())
        start = end.end()
    if text[start:].strip():
        yield from _bounded(text, start, len(text))


def _bounded(text: str, start: int, end: int) -> Iterator[str]:
    while end - start > _LONGEST:
        most = start + _LONGEST
        cut = max(text.rfind(" ", start, most), text.rfind("\n", start, most)) + 1 or most
        yield text[start:cut]
        start = cut
    yield text[start:end]


def _abbreviates(text: str, end: int) -> bool:
    # Only the last few characters are looked at: from the sentence's start it would be quadratic.
    return _ABBREVIATION.search(text, max(0, end - 8), end) is not None


def _flat(text: str) -> str:
    return " ".join(text.split())
