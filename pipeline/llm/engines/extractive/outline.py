"""What can be said honestly of a text that isn't running text: its headings, with the first words below each."""

from itertools import pairwise

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.genres import Genre
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.quoting import Lines, cited, disclaimer
from pipeline.llm.engines.extractive.ticking import Tick, ticking

_MOST_HEADINGS = 200
_BEGINNING = 3  # sentences of a text without headings


_NO_SUMMARY = "sentences picked out of it would mislead. "


def outline(corpus: Corpus, part: Part, tick: Tick) -> Lines:
    """A disclaimer, then the headings as a nested list; without any, how the text begins."""
    if part.genre is Genre.CODE:
        yield disclaimer(part, "without a language model there is no summary of it")
    elif part.headings:
        yield disclaimer(part, f"{_NO_SUMMARY}Here are its headings, each with the first sentence below it")
        yield from _headed(corpus, part, tick)
    else:
        yield disclaimer(part, f"{_NO_SUMMARY}It begins like this")
        yield from (f"- {cited(corpus, index)}" for index in range(part.first, part.last)[:_BEGINNING])


def _headed(corpus: Corpus, part: Part, tick: Tick) -> Lines:
    shown = part.headings[:_MOST_HEADINGS]
    top = min(heading.level for heading in part.headings)
    firsts = [part.first + heading.first for heading in part.headings] + [part.last]
    for heading, (first, last) in zip(ticking(shown, tick), pairwise(firsts), strict=False):
        indent = "  " * (heading.level - top)
        yield f"{indent}- **{plain(heading.text)}** [line {heading.line}]"
        yield from (f"{indent}  - {cited(corpus, index)}" for index in corpus.rows(first, last)[:1])
    if left := len(part.headings) - len(shown):
        yield f"\n*{left} more headings follow.*"
