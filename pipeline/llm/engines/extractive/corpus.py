"""All documents of one synthesis, taken apart once: what every prompt of the extractive engine works on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.extractive.matrix import Floats, TermMatrix, distinct
from pipeline.llm.engines.extractive.sentences import Heading, Sentence, read
from pipeline.llm.engines.extractive.stop_words import STOP_WORDS, tell_language
from pipeline.llm.engines.extractive.terms import is_term, words
from pipeline.llm.engines.extractive.ticking import Tick, ticking
from pipeline.states import ErrorCode

# A text of more is no text that somebody wrote to be read; its vectors would take gigabytes.
_MOST_CHARACTERS = 10_000_000
_MOST_SENTENCES = 300_000
_SAMPLE = 2_000  # sentences by which a language is told
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
    _scores: Floats | None = field(init=False, default=None)

    @classmethod
    def of(cls, documents: Sequence[Document], tick: Tick) -> "Corpus":
        """`tick` is called about once a second or more often. Raises WorkError for more than memory should hold."""
        if sum(_characters(document) for document in documents) > _MOST_CHARACTERS:
            raise _too_long()
        parts: list[Part] = []
        sentences: list[Sentence] = []
        for index, document in enumerate(documents):
            reading = read(document, index, tick)
            first = len(sentences)
            sentences += reading.sentences
            if len(sentences) > _MOST_SENTENCES:
                raise _too_long()
            language = _language(document, reading.sentences, tick)
            parts.append(Part(document.name, first, len(sentences), reading.headings, language))
        surfaces: dict[str, str] = {}
        terms = (_terms(words(s.text), parts[s.document].language, surfaces) for s in sentences)
        return cls(parts, sentences, TermMatrix.of(terms, tick), surfaces)

    def best(self, rows: Iterable[int], count: int, tick: Tick) -> list[int]:
        """The `count` most central of these sentences, without near repetitions, in the input's order."""
        if self._scores is None:
            self._scores = self.matrix.centrality(tick)
        scores = self._scores
        candidates = list(rows)
        telling = [i for i in candidates if self.matrix.terms_of(i) >= _FEWEST_TERMS]
        ranked = sorted(telling or candidates, key=lambda i: (-scores[i], i))
        return sorted(islice(distinct(self.matrix, ticking(ranked, tick), _MOST_ALIKE), count))


def _characters(document: Document) -> int:
    return sum(len(segment.text) for segment in document.transcript.segments)


def _too_long() -> WorkError:
    return WorkError(
        ErrorCode.INPUT_TOO_LONG, "The input is too long for the engine that works without a model."
    )


def _language(document: Document, sentences: Sequence[Sentence], tick: Tick) -> str | None:
    """What a recording is in is known: only where nothing was declared it is guessed."""
    declared = document.transcript.language
    if declared is not None:
        return declared if declared in STOP_WORDS else None
    sample = sentences[:: len(sentences) // _SAMPLE + 1]
    return tell_language(
        [word.casefold() for sentence in ticking(sample, tick) for word in words(sentence.text)]
    )


def _terms(spelling: Sequence[str], language: str | None, surfaces: dict[str, str]) -> list[str]:
    terms = []
    for word in spelling:
        folded = word.casefold()
        if is_term(folded, language):
            surfaces.setdefault(folded, word)
            terms.append(folded)
    return terms
