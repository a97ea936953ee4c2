"""The prompt `summarize`: what was decided, who does what, and the sentences that share most with all others."""

import math

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.outline import outline
from pipeline.llm.engines.extractive.quoting import (
    Lines,
    by_part,
    cited,
    in_context,
    is_running_text,
    needs_context,
    standing,
)
from pipeline.llm.engines.extractive.roles import Role
from pipeline.llm.engines.extractive.splitting import is_ended
from pipeline.llm.engines.extractive.task_list import task_lines, tasks
from pipeline.llm.engines.extractive.ticking import Tick, ticking

_MOST = 20  # lines of a section
_FEWEST_POINTS = 3
_BRIEF = 3  # words


def summarize(corpus: Corpus, tick: Tick) -> Lines:
    """Decisions, tasks, open questions and key sentences of each document, or an outline with its reason."""

    def sections(part: Part, level: int) -> Lines:
        if not is_running_text(part):
            yield from outline(corpus, part, tick)
            return
        mark = "#" * level
        found = tasks(corpus, part, tick)
        decided = [index for index in decisions(corpus, part, tick) if index not in found]
        asked = [
            index
            for index in corpus.rows(part.first, part.last)
            if corpus.sentences[index].role is Role.QUESTIONS and part.reader.asks(corpus.sentences[index])
        ]
        yield from _section(f"{mark} Decisions", list(_decision_lines(corpus, part, decided)))
        yield from _section(f"{mark} Tasks", list(task_lines(corpus, part, found)), bullet="")
        yield from _section(f"{mark} Open questions", [cited(corpus, index) for index in asked])
        points = _points(corpus, part, {*found, *decided}, tick)
        yield from _section(f"{mark} Key sentences", [cited(corpus, index) for index in points])

    yield from by_part(corpus, sections)


def _decision_lines(corpus: Corpus, part: Part, decided: list[int]) -> Lines:
    """One for each, but for one that the next is quoted with; not if it needs the one before it itself."""
    pointing = {index for index in decided if needs_context(corpus, part, index, brief=True)}
    quoted = (index for index in decided if index + 1 not in pointing or index in pointing)
    return (in_context(corpus, part, index, brief=True) for index in quoted)


def decisions(corpus: Corpus, part: Part, tick: Tick) -> list[int]:
    return [
        index
        for index in ticking(range(part.first, part.last), tick)
        if part.reader.decides(corpus.sentences[index]) and _can_be_quoted(corpus, index)
    ]


def _can_be_quoted(corpus: Corpus, index: int) -> bool:
    """A sentence of two words, "Motion carried.", is quoted with the one before it."""
    sentence = corpus.sentences[index]
    brief = is_ended(sentence.text) and len(sentence.text.split()) < _BRIEF
    return corpus.prose[index] or sentence.role is Role.DECISIONS or brief


def _points(corpus: Corpus, part: Part, said: set[int], tick: Tick) -> list[int]:
    rows = corpus.rows(part.first, part.last)
    count = min(_MOST, max(_FEWEST_POINTS, math.ceil(1.5 * math.sqrt(len(rows)))))
    rest = [index for index in rows if index not in said and not part.reader.asks(corpus.sentences[index])]
    return corpus.best(standing(corpus, part, rest), count, tick)


def _section(title: str, lines: list[str], *, bullet: str = "- ") -> Lines:
    if not lines:
        return
    yield f"{title}\n"
    yield from (f"{bullet}{line}" for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield f"\n*{len(lines) - _MOST} more were found.*"
    yield ""
