"""Taking a document apart: its sentences, with where each stands, and its headings if it has any."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

from pipeline.llm.documents import Document, clock, is_timed
from pipeline.llm.engines.extractive.blocks import Block, Shape, read_blocks
from pipeline.llm.engines.extractive.lines import Piece, pieces, unmarked
from pipeline.llm.engines.extractive.roles import Role, role_of
from pipeline.llm.engines.extractive.splitting import are_ended, is_ended, split_sentences
from pipeline.llm.engines.extractive.ticking import Tick, ticking
from pipeline.speech.transcript import Segment

_BOX = re.compile(r"\[([ xX])\]\s+")


class Kind(StrEnum):
    SPOKEN = "spoken"
    PROSE = "prose"  # of a paragraph
    LINE = "line"  # that stands alone in a paragraph
    ITEM = "item"
    OPEN_TASK = "open task"  # an unticked checkbox
    DONE_TASK = "done task"


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str  # white space collapsed to single spaces and Markdown's marks gone, otherwise as in the input
    document: int  # index of its document
    place: str  # time from the start, or line number: what a reader needs to find it
    start: float | None = None  # seconds
    kind: Kind = Kind.PROSE
    role: Role = Role.BODY  # of what it stands below
    speaker: str | None = None
    is_whole: bool = True  # False: it may have begun in the line before
    block: int = 0  # the first line of what it stands in, such as a point of a list


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int  # 1 to 6
    first: int  # index, within the document, of the first sentence below it
    line: int


@dataclass(slots=True)
class Reading:
    """A document's sentences and headings, in order, and how many characters are neither, by their shape."""

    sentences: list[Sentence] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    other: Counter[Shape] = field(default_factory=Counter)
    images: int = 0


def read(document: Document, index: int, tick: Tick) -> Reading:
    """Raises WorkError for more than memory should hold."""
    if is_timed(document.transcript):
        return Reading(list(ticking(_spoken(document.transcript.segments, index), tick)))
    return _Writing(index).read(document.transcript.text, tick)


class _Writing:
    """Reads one text."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._reading = Reading()
        self._role = Role.BODY
        self._speakers: set[str] = set()

    def read(self, text: str, tick: Tick) -> Reading:
        blocks = read_blocks(text, tick)
        found = [(block, list(_pieces(block))) for block in ticking(blocks, tick)]
        labels = Counter(piece.label for _, parts in found for piece in parts if piece.label)
        if max(labels.values(), default=0) > 1:  # one alone is a "Note:"
            self._speakers = {label for label in labels if role_of(label) is Role.BODY}
        for block, parts in ticking(found, tick):
            self._block(block, parts)
        return self._reading

    def _block(self, block: Block, parts: list[Piece]) -> None:
        self._reading.images += block.text.count("![")
        if block.shape is Shape.HEADING:
            text = _flat(unmarked(block.text))
            self._role = role_of(text)
            self._reading.headings.append(
                Heading(text or "\u2026", block.level, len(self._reading.sentences), block.line)
            )
        elif not parts:
            self._reading.other[block.shape] += len(block.text)
        speaker: str | None = None
        for piece in parts:
            speaker = piece.label if piece.label in self._speakers else speaker
            if piece.is_label:
                self._role = role_of(piece.text)
            for sentence in self._sentences(piece, block, speaker):
                self._reading.sentences.append(sentence)

    def _sentences(self, piece: Piece, block: Block, speaker: str | None) -> Iterator[Sentence]:
        text, kind = piece.text, Kind.LINE if piece.alone else Kind.PROSE
        if block.shape is Shape.ITEM:
            kind = Kind.ITEM
            if box := _BOX.match(text):
                text, kind = text[box.end() :], Kind.OPEN_TASK if box[1] == " " else Kind.DONE_TASK
        role = role_of(piece.label) if piece.label and piece.label not in self._speakers else Role.BODY
        role = self._role if role is Role.BODY else role
        line = piece.line
        is_whole = not piece.doubtful
        for part in _parts(text, piece, kind):
            if flat := _flat(part):
                yield Sentence(
                    flat, self._index, f"line {line}", None, kind, role, speaker, is_whole, block.line
                )
                is_whole = True
            line += part.count("\n")


def _pieces(block: Block) -> Iterator[Piece]:
    if block.shape not in (Shape.PARAGRAPH, Shape.ITEM):
        return iter(())
    return pieces(block.text, block.line, item=block.shape is Shape.ITEM)


def _parts(text: str, piece: Piece, kind: Kind) -> Iterator[str]:
    if kind in (Kind.OPEN_TASK, Kind.DONE_TASK):
        yield text
    elif piece.stamped and not any(is_ended(line) for line in text.split("\n")):
        yield from text.splitlines(
            keepends=True
        )  # captions without punctuation: each is as good as a sentence
    else:
        yield from split_sentences(text)


def _spoken(segments: tuple[Segment, ...], index: int) -> Iterator[Sentence]:
    """Sentences across segments of one speaker; where the recognizer writes no punctuation, each segment is one."""
    punctuated = are_ended([segment.text for segment in segments])
    held: list[Segment] = []
    for segment in segments:
        if not segment.text.strip():
            continue
        if held and held[-1].speaker != segment.speaker:
            yield from _timed(held, index)
            held = []
        held.append(segment)
        if not punctuated or is_ended(segment.text):
            yield from _timed(held, index)
            held = []
    yield from _timed(held, index)


def _timed(segments: list[Segment], index: int) -> Iterator[Sentence]:
    ends = list(accumulate(len(segment.text) + 1 for segment in segments))  # of each, in the joined text
    at = 0
    for text in split_sentences(" ".join(segment.text for segment in segments)):
        first = segments[bisect_right(ends, at)]
        at += len(text)
        if flat := _flat(text):
            yield Sentence(flat, index, clock(first.start), first.start, Kind.SPOKEN, speaker=first.speaker)


def _flat(text: str) -> str:
    return " ".join(text.split())
