"""Sentences as vectors of their terms, and how central each is among all.

Centrality is continuous LexRank (G. Erkan, D. Radev: LexRank, Graph-based Lexical Centrality as Salience in
Text Summarization, JAIR 22, 2004): a random walk between sentences that share terms. The matrix of
similarities, quadratic in the number of sentences, is never made: it is X·Xᵀ of the sparse term vectors X, so
one step of the walk is two sparse products, and the whole is linear in the length of the text and still
exact.
"""

from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.llm.engines.extractive.ticking import Tick, ticking

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DAMPING = 0.15  # share of the walk's steps that jump anywhere, as in the paper
_STEPS = 50
_LOOK_BACK = 64  # sentences
_CLOSE_ENOUGH = 1e-4  # largest relative change in one step at which the walk has settled


@dataclass(frozen=True, slots=True)
class TermMatrix:
    """TF-IDF vectors of unit length, one row for each sentence, sparse by rows."""

    starts: Ints  # shape (rows + 1,): where each row's entries begin
    columns: Ints  # shape (entries,): index of the term
    weights: Floats  # shape (entries,)
    terms: list[str]  # by column

    @property
    def rows(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]], tick: Tick) -> "TermMatrix":
        """From the terms of each sentence."""
        index: dict[str, int] = {}
        starts, columns, counts = array("q", [0]), array("q"), array("d")
        for sentence in ticking(sentences, tick):
            for term, count in Counter(sentence).items():
                columns.append(index.setdefault(term, len(index)))
                counts.append(count)
            starts.append(len(columns))
        return cls._weighted(
            np.array(starts, np.int64), np.array(columns, np.int64), np.array(counts, np.float64), list(index)
        )

    @classmethod
    def _weighted(cls, starts: Ints, columns: Ints, counts: Floats, terms: list[str]) -> "TermMatrix":
        rows = len(starts) - 1
        spread = np.bincount(columns, minlength=len(terms))
        weights = counts * np.log1p(rows / np.maximum(spread, 1))[columns]
        owner = np.repeat(np.arange(rows), np.diff(starts))
        lengths = np.sqrt(_sums(owner, weights**2, rows))
        return cls(starts, columns, weights / np.maximum(lengths, 1e-12)[owner], terms)

    def terms_of(self, index: int) -> int:
        """How many different terms a sentence has."""
        return int(self.starts[index + 1] - self.starts[index])

    def row(self, index: int) -> dict[int, float]:
        span = slice(self.starts[index], self.starts[index + 1])
        return dict(zip(self.columns[span].tolist(), self.weights[span].tolist(), strict=True))

    def span(self, first: int, last: int) -> Floats:
        """The sum of the rows from `first` up to `last`, shape (terms,)."""
        span = slice(self.starts[first], self.starts[last])
        return _sums(self.columns[span], self.weights[span], len(self.terms))

    def centrality(self, tick: Tick) -> Floats:
        """How central each sentence is, shape (rows,), summing to 1. There must be a sentence."""
        n = self.rows
        owner = np.repeat(np.arange(n), np.diff(self.starts))

        def walk(p: Floats) -> Floats:
            pooled = _sums(self.columns, self.weights * p[owner], len(self.terms))
            return _sums(owner, self.weights * pooled[self.columns], n)

        degrees = np.maximum(walk(np.ones(n)), 1e-12)
        p = np.full(n, 1 / n)
        for _ in range(_STEPS):
            tick()
            q = _DAMPING / n + (1 - _DAMPING) * walk(p / degrees)
            settled = np.abs(q - p).max() <= _CLOSE_ENOUGH * p.max()
            p = q / q.sum()
            if settled:
                break
        return p


def _sums(places: Ints, weights: Floats, size: int) -> Floats:
    """The sum of the weights at each place, shape (size,)."""
    return np.bincount(places, weights=weights, minlength=size).astype(np.float64, copy=False)


def cosine(left: dict[int, float], right: dict[int, float]) -> float:
    """Of two rows of unit length."""
    small, large = sorted((left, right), key=len)
    return sum(weight * large.get(term, 0.0) for term, weight in small.items())


def distinct(matrix: TermMatrix, order: Iterable[int], most_alike: float) -> Iterator[int]:
    """The rows in `order`, leaving out each that is nearly the same as one given lately.

    In order of centrality, sentences that are nearly the same come near each other; so it is enough to look back a
    little, and the work stays linear.
    """
    given: deque[dict[int, float]] = deque(maxlen=_LOOK_BACK)
    for index in order:
        row = matrix.row(index)
        if all(cosine(row, other) <= most_alike for other in given):
            given.append(row)
            yield index
