"""How a sentence of the input stands in a result: as it is written, with its place."""

from collections.abc import Callable, Iterator

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.genres import WHY, Genre
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.sentences import Kind
from pipeline.llm.engines.extractive.splitting import is_ended

Lines = Iterator[str]

_SHORT = 6  # words
_LISTED = (Kind.ITEM, Kind.OPEN_TASK, Kind.DONE_TASK)  # each stands by itself


def cited(corpus: Corpus, index: int) -> str:
    """A sentence and its place."""
    sentence = corpus.sentences[index]
    return f"{plain(sentence.text)} [{sentence.place}]"


def in_context(corpus: Corpus, part: Part, index: int, *, brief: bool = False) -> str:
    """As `quoted`, in one."""
    text, place = quoted(corpus, part, index, brief=brief)
    return f"{text} [{place}]"


def quoted(corpus: Corpus, part: Part, index: int, *, brief: bool = False) -> tuple[str, str]:
    """A sentence, with the one before it where it has to be (`needs_context`), and the place."""
    sentence = corpus.sentences[index]
    if not needs_context(corpus, part, index, brief=brief):
        return plain(sentence.text), sentence.place
    first = corpus.sentences[index - 1]
    between = " " if is_ended(first.text) else " / "  # without full stops two would be read as one
    return plain(f"{first.text}{between}{sentence.text}"), first.place


def needs_context(corpus: Corpus, part: Part, index: int, *, brief: bool = False) -> bool:
    """Whether it speaks of what only another names, and there is a sentence before it to quote.

    `brief`: also where it is as short as "Motion carried."
    """
    sentence = corpus.sentences[index]
    points_back = part.reader.leans(sentence) or (brief and len(sentence.text.split()) < _SHORT)
    return points_back and _follows(corpus, part, index)


def _follows(corpus: Corpus, part: Part, index: int) -> bool:
    """Whether the sentence before it leads on to it; points of a list stand by themselves."""
    sentence, before = corpus.sentences[index], corpus.sentences[index - 1]
    if index in part.openings or not corpus.prose[index - 1] or part.reader.cues is None:
        return False
    return sentence.block == before.block or not (sentence.kind in _LISTED or before.kind in _LISTED)


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
