"""All documents of one synthesis, taken apart once: what every prompt of the extractive engine works on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from pipeline.documents import Document
from pipeline.engines.extractive.matrix import Floats, TermMatrix, distinct
from pipeline.engines.extractive.pulse import Tick, ticking
from pipeline.engines.extractive.sentences import Heading, Sentence, read
from pipeline.engines.extractive.stop_words import STOP_WORDS, tell_language
from pipeline.engines.extractive.terms import is_term, words

_FEWEST_TERMS = 3  # a sentence of fewer ("Yes, exactly.") says nothing by itself
_MOST_ALIKE = 0.6  # cosine


@dataclass(frozen=True, slots=True)
class Part:
    """One document's share of the corpus: its sentences are `first` up to `last`."""

    name: str
    first: int
    last: int
    headings: list[Heading]
    language: str | None  # None: not told apart


@dataclass
class Corpus:
    parts: list[Part]
    sentences: list[Sentence]
    matrix: TermMatrix
    surfaces: dict[str, str]  # a term's first spelling in the input

    @cached_property
    def scores(self) -> Floats:
        return self.matrix.centrality()

    @classmethod
    def of(cls, documents: Sequence[Document], tick: Tick) -> "Corpus":
        """`tick` is called about once a second or more often."""
        parts: list[Part] = []
        sentences: list[Sentence] = []
        terms: list[list[str]] = []
        surfaces: dict[str, str] = {}
        for index, document in enumerate(documents):
            reading = read(document, index, tick)
            spelled = [words(sentence.text) for sentence in ticking(reading.sentences, tick)]
            language = _language(document, spelled)
            first = len(sentences)
            sentences += reading.sentences
            terms += [_terms(spelling, language, surfaces) for spelling in ticking(spelled, tick)]
            parts.append(Part(document.name, first, len(sentences), reading.headings, language))
        return cls(parts, sentences, TermMatrix.of(terms, tick), surfaces)

    def best(self, rows: Iterable[int], count: int) -> list[int]:
        """The `count` most central of these sentences, without near repetitions, in the input's order."""
        candidates = list(rows)
        lengths = self.matrix.starts[1:] - self.matrix.starts[:-1]
        telling = [i for i in candidates if lengths[i] >= _FEWEST_TERMS]
        ranked = sorted(telling or candidates, key=lambda i: (-self.scores[i], i))
        return sorted(islice(distinct(self.matrix, ranked, _MOST_ALIKE), count))


def _language(document: Document, spelled: Sequence[Sequence[str]]) -> str | None:
    declared = document.transcript.language
    if declared in STOP_WORDS:
        return declared
    return tell_language([word.casefold() for sentence in spelled for word in sentence])


def _terms(spelling: Sequence[str], language: str | None, surfaces: dict[str, str]) -> list[str]:
    terms = []
    for word in spelling:
        folded = word.casefold()
        if is_term(folded, language):
            surfaces.setdefault(folded, word)
            terms.append(folded)
    return terms
