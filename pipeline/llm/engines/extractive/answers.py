"""The default prompts that arrange the input: notes, contents, questions. Each gives the lines of a Markdown document.

The fixed words (headings, notices) are the engine's own and in English; all else is the input's.
"""

import math
from itertools import takewhile

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.outline import outline
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.quoting import (
    Lines,
    by_part,
    cited,
    in_context,
    is_running_text,
    standing,
)
from pipeline.llm.engines.extractive.splitting import is_ended
from pipeline.llm.engines.extractive.ticking import Tick, ticking
from pipeline.llm.engines.extractive.topics import Topic, topics

_LONGEST_ANSWER = 3  # sentences after a question
_NOTES_SHARE = 0.4  # of a topic's sentences


def detailed_notes(corpus: Corpus, tick: Tick) -> Lines:
    """The more telling sentences, in the input's order, under the topic that they belong to."""

    def notes(part: Part, level: int) -> Lines:
        if not is_running_text(part):
            yield from outline(corpus, part, tick)
            return
        for topic in ticking(topics(corpus, part, tick), tick):
            yield f"{'#' * min(6, level + topic.level)} {_headline(corpus, topic)}\n"
            rows = corpus.rows(topic.first, topic.last)
            count = max(2, math.ceil(_NOTES_SHARE * len(rows)))
            yield from (f"- {in_context(corpus, part, i)}" for i in corpus.best(rows, count, tick))
            yield ""

    yield from by_part(corpus, notes)


def table_of_contents(corpus: Corpus, tick: Tick) -> Lines:
    """A nested list of topics, each with the sentence that stands best for it."""

    def entries(part: Part, _level: int) -> Lines:
        if not is_running_text(part):
            yield from outline(corpus, part, tick)
            return
        for topic in ticking(topics(corpus, part, tick), tick):
            indent = "  " * topic.level
            yield f"{indent}- **{_headline(corpus, topic)}**"
            rows = standing(corpus, part, corpus.rows(topic.first, topic.last))
            yield from (f"{indent}  - {cited(corpus, i)}" for i in corpus.best(rows, 1, tick))

    yield from by_part(corpus, entries)


def _headline(corpus: Corpus, topic: Topic) -> str:
    if topic.first < topic.last and corpus.sentences[topic.first].start is not None:
        return f"{plain(topic.title)} [{corpus.sentences[topic.first].place}]"
    return plain(topic.title)


def qa_format(corpus: Corpus, tick: Tick) -> Lines:
    """Questions that the input asks, each with the sentences that follow it."""
    found = False

    def pairs(part: Part, _level: int) -> Lines:
        nonlocal found
        asked = [
            corpus.prose[i] and part.reader.asks(corpus.sentences[i])
            for i in ticking(range(part.first, part.last), tick)
        ]
        for offset, is_question in enumerate(asked):
            if is_question:
                found = True
                yield from _pair(corpus, part, asked, part.first + offset)

    lines = list(by_part(corpus, pairs))
    yield from lines if found else ["No questions were found in the input."]


def _pair(corpus: Corpus, part: Part, asked: list[bool], index: int) -> Lines:
    yield f"**Q: {plain(corpus.sentences[index].text)}** [{corpus.sentences[index].place}]\n"
    following = range(index + 1, min(index + 1 + _LONGEST_ANSWER, part.last))

    def answers(i: int) -> bool:
        whole = corpus.prose[i] or is_ended(corpus.sentences[i].text)  # "Yes."
        return whole and not asked[i - part.first] and i not in part.openings

    answer = [plain(corpus.sentences[i].text) for i in takewhile(answers, following)]
    # Where the input has no full stops, a line break has to tell its sentences apart.
    between = " " if all(text.endswith((".", "!", "\u3002")) for text in answer) else "  \n"
    yield f"A: {between.join(answer)}\n" if answer else "*Nothing in the input follows this question.*\n"
