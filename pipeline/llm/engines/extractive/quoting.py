"""How a sentence of the input stands in a result: as it is written, with its place."""

from collections.abc import Callable, Iterator

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.genres import WHY, Genre
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.sentences import Kind

Lines = Iterator[str]

_SHORT = 6  # words
_LISTED = (Kind.ITEM, Kind.OPEN_TASK, Kind.DONE_TASK)  # each stands by itself


def cited(corpus: Corpus, index: int) -> str:
    """A sentence and its place."""
    sentence = corpus.sentences[index]
    return f"{plain(sentence.text)} [{sentence.place}]"


def in_context(corpus: Corpus, part: Part, index: int) -> str:
    """With the sentence before it where only that one names who or what it speaks of."""
    if not needs_context(corpus, part, index):
        return cited(corpus, index)
    first = corpus.sentences[index - 1]
    return f"{plain(f'{first.text} {corpus.sentences[index].text}')} [{first.place}]"


def needs_context(corpus: Corpus, part: Part, index: int) -> bool:
    """Whether it points back, or is as short as "Motion carried.", and there is a sentence before it to quote."""
    sentence, before = corpus.sentences[index], corpus.sentences[index - 1]
    if index in part.openings or not corpus.prose[index - 1] or part.reader.cues is None:
        return False
    if sentence.kind in _LISTED or before.kind in _LISTED:
        return sentence.place == before.place and part.reader.leans(sentence)
    return part.reader.leans(sentence) or len(sentence.text.split()) < _SHORT


def standing(corpus: Corpus, part: Part, rows: list[int]) -> list[int]:
    """Those that can be understood by themselves; all where none can."""
    return [index for index in rows if not part.reader.leans(corpus.sentences[index])] or rows


def by_part(corpus: Corpus, lines: Callable[[Part, int], Lines]) -> Lines:
    """The lines of each document, under its name where there are several; the number is the level of headings."""
    for part in corpus.parts:
        if len(corpus.parts) == 1:
            yield from lines(part, 2)
        else:
            yield f"## {plain(part.name)}\n"
            yield from lines(part, 3)
            yield ""


def disclaimer(part: Part, instead: str) -> str:
    """What the document is instead of running text, and what that means for the result."""
    return f"*{plain(part.name)} {WHY[part.genre]}; {instead}.*\n"


def is_running_text(part: Part) -> bool:
    return part.genre is Genre.PROSE
