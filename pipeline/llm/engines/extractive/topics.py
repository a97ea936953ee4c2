"""Where one topic ends and the next begins, and what each is called.

A written document with headings is taken by them. Else: TextTiling (M. Hearst: TextTiling, Segmenting Text into
Multi-paragraph Subtopic Passages, Computational Linguistics 23(1), 1997). At each gap between sentences the terms of
the sentences before and after are compared; a gap much less alike than its surroundings is a border.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.matrix import Floats, TermMatrix
from pipeline.llm.engines.extractive.ticking import Tick, ticking

_WINDOW = 8  # sentences compared on each side of a gap
_SHORTEST = 5  # sentences of a topic
_USUAL = 10  # sentences; no more topics than this allows
_MOST = 40  # topics of one document: more is no overview
_TITLE_TERMS = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """The sentences `first` up to `last`. `level` is its depth below its document, from 0."""

    title: str
    first: int
    last: int
    level: int = 0


def topics(corpus: Corpus, part: Part, tick: Tick) -> list[Topic]:
    """The document's topics in order, covering every sentence. A heading without text has no sentences."""
    if part.headings:
        return _headed(corpus, part)
    cuts = [part.first, *borders(corpus.matrix, part.first, part.last, tick), part.last]
    whole = corpus.matrix.span(part.first, part.last)
    found = []
    for first, last in pairwise(cuts):
        tick()  # a title weighs all terms of the corpus
        found.append(Topic(_title(corpus, whole, first, last), first, last))
    return found


def _headed(corpus: Corpus, part: Part) -> list[Topic]:
    top = min(heading.level for heading in part.headings)
    firsts = [part.first + heading.first for heading in part.headings]
    found = [
        Topic(heading.text, first, last, heading.level - top)
        for heading, first, last in zip(part.headings, firsts, [*firsts[1:], part.last], strict=True)
    ]
    if firsts[0] > part.first:
        whole = corpus.matrix.span(part.first, part.last)
        found.insert(0, Topic(_title(corpus, whole, part.first, firsts[0]), part.first, firsts[0]))
    return found


def borders(matrix: TermMatrix, first: int, last: int, tick: Tick) -> list[int]:
    """Rows, in order, at which a new topic begins; the first row isn't one of them."""
    if last - first < 2 * _SHORTEST:
        return []
    depths = _depths(_likeness(matrix, first, last, tick))
    threshold = depths.mean() + depths.std() / 2
    found: list[int] = [first, last]
    for gap in np.argsort(-depths, kind="stable").tolist():
        row = first + 1 + gap
        if depths[gap] <= threshold or len(found) - 1 >= min(_MOST, (last - first) // _USUAL + 1):
            break
        at = bisect_left(found, row)
        if found[at] - row >= _SHORTEST and row - found[at - 1] >= _SHORTEST:
            insort(found, row)
    return found[1:-1]


def _likeness(matrix: TermMatrix, first: int, last: int, tick: Tick) -> Floats:
    """The cosine of the windows before and after each gap, shape (last - first - 1,)."""
    rows = [matrix.row(index) for index in ticking(range(first, last), tick)]
    left: defaultdict[int, float] = defaultdict(float)
    right: defaultdict[int, float] = defaultdict(float)
    for row in rows[:_WINDOW]:
        _add(right, row, 1)
    alike = []
    for gap in ticking(range(1, len(rows)), tick):
        _add(left, rows[gap - 1], 1)
        _add(right, rows[gap - 1], -1)
        if gap > _WINDOW:
            _add(left, rows[gap - 1 - _WINDOW], -1)
        if gap - 1 + _WINDOW < len(rows):
            _add(right, rows[gap - 1 + _WINDOW], 1)
        dot = sum(weight * right.get(term, 0.0) for term, weight in left.items())
        alike.append(dot / max(np.sqrt(_squares(left) * _squares(right)), 1e-9))
    return np.array(alike)


def _add(window: defaultdict[int, float], row: dict[int, float], sign: int) -> None:
    for term, weight in row.items():
        window[term] += sign * weight
        if window[term] < 1e-9:
            del window[term]


def _squares(window: dict[int, float]) -> float:
    return sum(weight * weight for weight in window.values())


def _depths(alike: Floats) -> Floats:
    """How far each gap lies below the nearest peaks on its two sides."""
    values = alike.tolist()
    return np.array([_climb(values, gap, -1) + _climb(values, gap, 1) for gap in range(len(values))])


def _climb(values: Sequence[float], gap: int, step: int) -> float:
    peak, at = values[gap], gap + step
    while 0 <= at < len(values) and values[at] >= peak and abs(at - gap) <= 2 * _WINDOW:
        peak, at = values[at], at + step
    return peak - values[gap]


def _title(corpus: Corpus, whole: Floats, first: int, last: int) -> str:
    """The terms that weigh most here and little elsewhere in the document, as the input spells them."""
    here = corpus.matrix.span(first, last)
    telling = here * here / np.maximum(whole, 1e-12)
    order = np.argsort(-telling, kind="stable")[:_TITLE_TERMS].tolist()
    spelled = [corpus.surfaces[corpus.matrix.terms[column]] for column in order if here[column] > 0]
    return ", ".join(spelled) or "…"
