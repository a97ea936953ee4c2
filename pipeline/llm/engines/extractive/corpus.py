"""All documents of one synthesis, taken apart once: what every prompt of the extractive engine works on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from pipeline.llm.documents import Document, is_timed
from pipeline.llm.engines.extractive.cues import CUES
from pipeline.llm.engines.extractive.genres import Genre, genre_of
from pipeline.llm.engines.extractive.limits import MOST_CHARACTERS, MOST_SENTENCES, too_long
from pipeline.llm.engines.extractive.matrix import Floats, TermMatrix, distinct
from pipeline.llm.engines.extractive.prose import has_shape, is_prose
from pipeline.llm.engines.extractive.roles import Role
from pipeline.llm.engines.extractive.sentences import Heading, Kind, Reading, Sentence, read
from pipeline.llm.engines.extractive.splitting import are_ended
from pipeline.llm.engines.extractive.stop_words import STOP_WORDS, tell_language
from pipeline.llm.engines.extractive.tasks import Reader
from pipeline.llm.engines.extractive.terms import is_term, words
from pipeline.llm.engines.extractive.ticking import Tick, ticking

_SAMPLE = 2_000  # sentences by which a language is told
_FEWEST_TERMS = 4  # a sentence of fewer ("Okay, good morning Sarah.") says nothing by itself
_ENOUGH_TERMS = 12  # a sentence of fewer says the less, the fewer there are
_MOST_ALIKE = 0.6  # cosine


@dataclass(frozen=True, slots=True)
class Part:
    """One document's share of the corpus: its sentences are `first` up to `last`."""

    name: str
    first: int
    last: int
    headings: list[Heading]
    genre: Genre
    reader: Reader
    is_empty: bool  # no words of any kind
    openings: frozenset[int]  # the sentences before which something new begins

    @property
    def language(self) -> str | None:
        """None: not told apart."""
        return self.reader.language


@dataclass
class Corpus:
    parts: list[Part]
    sentences: list[Sentence]
    prose: list[bool]  # for each sentence, whether it can be quoted by itself
    matrix: TermMatrix
    surfaces: dict[str, str]  # a term's first spelling in the input
    _scores: Floats | None = field(init=False, default=None)

    @classmethod
    def of(cls, documents: Sequence[Document], tick: Tick) -> "Corpus":
        """`tick` is called about once a second or more often. Raises WorkError for more than memory should hold."""
        if sum(_characters(document) for document in documents) > MOST_CHARACTERS:
            raise too_long()
        parts: list[Part] = []
        sentences: list[Sentence] = []
        prose: list[bool] = []
        surfaces: dict[str, str] = {}

        def terms() -> Iterator[list[str]]:
            """Of each sentence; the words of one document are held at a time."""
            for index, document in enumerate(documents):
                reading = read(document, index, tick)
                if len(sentences) + len(reading.sentences) > MOST_SENTENCES:
                    raise too_long()
                spelled = [words(sentence.text) for sentence in ticking(reading.sentences, tick)]
                part, told = _part(document, reading, spelled, len(sentences), tick)
                parts.append(part)
                sentences.extend(reading.sentences)
                prose.extend(told)
                for spelling, is_told in zip(spelled, told, strict=True):
                    yield _terms(spelling, part.language, surfaces) if is_told else []

        matrix = TermMatrix.of(terms(), tick)
        return cls(parts, sentences, prose, matrix, surfaces)

    def rows(self, first: int, last: int) -> list[int]:
        """Those of the sentences that can be quoted."""
        return [index for index in range(first, last) if self.prose[index]]

    def best(self, rows: Iterable[int], count: int, tick: Tick) -> list[int]:
        """The `count` most central of these sentences, without near repetitions, in the input's order."""
        if self._scores is None:
            self._scores = self._weighted(tick)
        scores = self._scores
        candidates = list(rows)
        telling: list[int] = []
        for fewest in range(_FEWEST_TERMS, 0, -1):
            telling = telling or [i for i in candidates if self.matrix.terms_of(i) >= fewest]
        ranked = sorted(telling or candidates, key=lambda i: (-scores[i], i))
        return sorted(islice(distinct(self.matrix, ticking(ranked, tick), _MOST_ALIKE), count))

    def _weighted(self, tick: Tick) -> Floats:
        """How central each sentence is; a short one is like many others without saying much."""
        terms = np.diff(self.matrix.starts)
        return self.matrix.centrality(tick) * np.sqrt(np.minimum(terms, _ENOUGH_TERMS) / _ENOUGH_TERMS)


def _part(
    document: Document, reading: Reading, spelled: Sequence[Sequence[str]], first: int, tick: Tick
) -> tuple[Part, list[bool]]:
    """The document's share, and which of its sentences are prose. `spelled`: the words of each."""
    sentences = reading.sentences
    shaped = [
        sentence.kind is Kind.SPOKEN or has_shape(sentence.text, spelling)
        for sentence, spelling in zip(ticking(sentences, tick), spelled, strict=True)
    ]
    language = _language(
        document, [s for s, has in zip(spelled, shaped, strict=True) if has] or spelled, tick
    )
    common = {word for spelling in spelled for word in spelling if word.islower()}
    cased = any(word[:1].islower() for word in common)
    ended = _is_punctuated([s for s, has in zip(sentences, shaped, strict=True) if has])
    prose = [
        has and is_prose(sentence, spelling, language, cased=cased, ended=ended)
        for sentence, spelling, has in zip(ticking(sentences, tick), spelled, shaped, strict=True)
    ]
    told = [sentence for sentence, is_told in zip(sentences, prose, strict=True) if is_told]
    genre = (
        Genre.PROSE
        if is_timed(document.transcript)
        else genre_of(document.name, document.transcript.text, reading, told)
    )
    reader = Reader(
        language, CUES.get(language or ""), common, _has_capitals(spelled), _present(sentences, spelled)
    )
    is_empty = not (sentences or reading.headings or reading.other)
    openings = frozenset([first, *(first + heading.first for heading in reading.headings)])
    last = first + len(sentences)
    return Part(document.name, first, last, reading.headings, genre, reader, is_empty, openings), prose


def _is_punctuated(sentences: Sequence[Sentence]) -> bool:
    """Whether its running text ends as sentences do."""
    return are_ended([sentence.text for sentence in sentences if sentence.kind in (Kind.PROSE, Kind.LINE)])


def _has_capitals(spelled: Sequence[Sequence[str]]) -> bool:
    return any(word[0].isupper() for spelling in spelled for word in spelling)


def _present(sentences: Sequence[Sentence], spelled: Sequence[Sequence[str]]) -> frozenset[str]:
    """Words with a capital in the lists of who was there, and who is named as a speaker."""
    listed = (words for s, words in zip(sentences, spelled, strict=True) if s.role is Role.ROLL)
    speakers = (sentence.speaker for sentence in sentences if sentence.speaker)
    return frozenset(word for words in listed for word in words if word[0].isupper()) | frozenset(speakers)


def _characters(document: Document) -> int:
    return sum(len(segment.text) for segment in document.transcript.segments)


def _language(document: Document, spelled: Sequence[Sequence[str]], tick: Tick) -> str | None:
    """What a recording is in is known: only where nothing was declared it is guessed."""
    declared = document.transcript.written_in
    if declared is not None:
        return declared if declared in STOP_WORDS else None
    sample = spelled[:: len(spelled) // _SAMPLE + 1]
    return tell_language([word.casefold() for spelling in ticking(sample, tick) for word in spelling])


def _terms(spelling: Sequence[str], language: str | None, surfaces: dict[str, str]) -> list[str]:
    terms = []
    for word in spelling:
        folded = word.casefold()
        if is_term(folded, language):
            surfaces.setdefault(folded, word)
            terms.append(folded)
    return terms
