"""Splitting texts to pieces that fit a budget of tokens, losing nothing.

`split_text` cuts at the strongest border that the budget leaves: between paragraphs, else lines (a
transcript's segments), else sentences, else words, and only inside one over-long word between characters. The
pieces joined are the text, character by character. The prices of all slices come from one running sum, so the
work is linear in the length of the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.llm.token_counts import MOST_PER_CHARACTER, UNIT, estimate_tokens, prices

_BORDERS = (
    re.compile(r"\n[^\S\n]*\n\s*"),  # paragraph
    re.compile(r"\n\s*"),  # line
    # Closing quotes are bounded: an open repetition would be quadratic on a megabyte of dots.
    re.compile(r"(?<=[.!?…])[\"'”’»)\]]{0,3}\s+|[。！？｡।؟۔]+[」』”’）]*\s*"),  # sentence  # noqa: RUF001
    re.compile(r"\s+"),  # word
)
_HEADING_TOKENS = 48  # what a passage costs beside its text and twice its name: tags, heading, part numbers
_SMALLEST_TEXT = 16  # tokens; with less room for text there are more borders than words


class DoesNotFit(ValueError):
    """The budget is too small to hold even a sliver of text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text to be packed, under the name that it goes by."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A consecutive part of one piece: the `part`-th of `parts`, from 1."""

    name: str
    text: str
    part: int = 1
    parts: int = 1

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.text) + heading_tokens(self.name)


Chunk = tuple[Passage, ...]


def heading_tokens(name: str) -> int:
    """Tokens that a passage's heading costs beside the passage's text."""
    return _HEADING_TOKENS + 2 * estimate_tokens(name)


def split_text(text: str, limit: int) -> list[str]:
    """`text` in consecutive pieces of at most `limit` estimated tokens; `"".join` gives the text back.

    Raises `DoesNotFit` where `limit` is below what a single character may cost.
    """
    if limit < MOST_PER_CHARACTER:
        raise DoesNotFit
    sums = np.concatenate(([0], np.cumsum(prices(text))))
    if sums[-1] <= limit * UNIT:
        return [text] if text else []
    borders = [np.array([m.end() for m in border.finditer(text)], dtype=np.int64) for border in _BORDERS]
    cuts = [0]
    while cuts[-1] < len(text):
        furthest = int(np.searchsorted(sums, sums[cuts[-1]] + limit * UNIT, side="right")) - 1
        cuts.append(len(text) if furthest == len(text) else _cut(borders, cuts[-1], furthest))
    return [text[start:end] for start, end in pairwise(cuts)]


def _cut(borders: Sequence[NDArray[np.int64]], start: int, furthest: int) -> int:
    paragraph, *weaker = borders
    # A paragraph's end is worth it only where it doesn't leave most of the budget unused.
    if (end := _last(paragraph, furthest)) > (start + furthest) // 2:
        return end
    for border in weaker:
        if (end := _last(border, furthest)) > start:
            return end
    return furthest


def _last(ends: NDArray[np.int64], furthest: int) -> int:
    index = int(np.searchsorted(ends, furthest, side="right"))
    return int(ends[index - 1]) if index else 0


def pack(pieces: Sequence[Piece], limit: int) -> list[Chunk]:
    """The pieces in order, in as few chunks of at most `limit` estimated tokens as whole pieces allow.

    Only a piece that fits no chunk by itself is split. Raises `DoesNotFit` where `limit` leaves no room for
    text.
    """
    chunks: list[list[Passage]] = [[]]
    room = limit
    for passage in (passage for piece in pieces for passage in _passages(piece, limit)):
        if passage.tokens > room:
            chunks.append([])
            room = limit
        chunks[-1].append(passage)
        room -= passage.tokens
    return [tuple(chunk) for chunk in chunks if chunk]


def _passages(piece: Piece, limit: int) -> list[Passage]:
    room = limit - heading_tokens(piece.name)
    if room < _SMALLEST_TEXT:
        raise DoesNotFit
    texts = split_text(piece.text, room)
    return [Passage(piece.name, text, part, len(texts)) for part, text in enumerate(texts, start=1)]
