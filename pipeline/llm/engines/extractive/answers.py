"""The five default prompts, answered from a corpus. Each gives the lines of a Markdown document.

The fixed words (headings, notices) are the engine's own and in English; all else is the input's.
"""

import math
import re
from collections.abc import Callable, Iterator
from itertools import takewhile

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.cues import CUES, Cues
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.sentences import Kind, Sentence
from pipeline.llm.engines.extractive.ticking import Tick, ticking
from pipeline.llm.engines.extractive.topics import Topic, topics

Lines = Iterator[str]

_REQUEST = re.compile("(?:can|could|would) you ", re.I)  # a question in form only
_QUESTION_MARKS = ("?", "\uff1f", "\u061f", '?"', "?\u201d")  # also full-width and Arabic
_LONGEST_ANSWER = 3  # sentences after a question
_NOTES_SHARE = 0.4  # of a topic's sentences


def _cited(corpus: Corpus, index: int, *, name: bool = False) -> str:
    """A sentence with its place; with `name`, its file's too."""
    sentence = corpus.sentences[index]
    place = f"{plain(corpus.parts[sentence.document].name)}, {sentence.place}" if name else sentence.place
    return f"{plain(sentence.text)} [{place}]"


def _by_part(corpus: Corpus, lines: Callable[[Part, int], Lines]) -> Lines:
    """The lines of each document, under its name where there are several; the number is the level of headings."""
    for part in corpus.parts:
        if len(corpus.parts) == 1:
            yield from lines(part, 2)
        else:
            yield f"## {plain(part.name)}\n"
            yield from lines(part, 3)
            yield ""


def summarize(corpus: Corpus, tick: Tick) -> Lines:
    """The most central sentences: of all documents, then of each."""
    several = len(corpus.parts) > 1
    everything = range(len(corpus.sentences))
    lead = corpus.best(everything, 3 if several else 1, tick)
    yield "## In short\n"
    yield from (f"{_cited(corpus, index, name=several)}\n" for index in lead)

    def points(part: Part, level: int) -> Lines:
        count = min(20, max(3, math.ceil(1.5 * math.sqrt(part.last - part.first))))
        # What the lead has said already is repeated only under its own file's name.
        rest = [index for index in range(part.first, part.last) if several or index not in lead]
        best = corpus.best(rest, count, tick)
        if best and level == 2:
            yield "## Key points\n"
        yield from (f"- {_cited(corpus, index)}" for index in best)

    yield from _by_part(corpus, points)


def detailed_notes(corpus: Corpus, tick: Tick) -> Lines:
    """The more telling sentences, in the input's order, under the topic that they belong to."""

    def notes(part: Part, level: int) -> Lines:
        for topic in ticking(topics(corpus, part, tick), tick):
            yield f"{'#' * min(6, level + topic.level)} {_headline(corpus, topic)}\n"
            rows = range(topic.first, topic.last)
            count = max(2, math.ceil(_NOTES_SHARE * len(rows)))
            yield from (f"- {_cited(corpus, i)}" for i in corpus.best(rows, count, tick))
            yield ""

    yield from _by_part(corpus, notes)


def table_of_contents(corpus: Corpus, tick: Tick) -> Lines:
    """A nested list of topics, each with the sentence that stands best for it."""

    def entries(part: Part, _level: int) -> Lines:
        for topic in ticking(topics(corpus, part, tick), tick):
            indent = "  " * topic.level
            yield f"{indent}- **{_headline(corpus, topic)}**"
            rows = range(topic.first, topic.last)
            yield from (f"{indent}  - {_cited(corpus, i)}" for i in corpus.best(rows, 1, tick))

    yield from _by_part(corpus, entries)


def _headline(corpus: Corpus, topic: Topic) -> str:
    if topic.first < topic.last and corpus.sentences[topic.first].start is not None:
        return f"{plain(topic.title)} [{corpus.sentences[topic.first].place}]"
    return plain(topic.title)


def action_items(corpus: Corpus, tick: Tick) -> Lines:
    """Sentences in which somebody takes on a task, and ticked or unticked boxes, as a task list."""
    found = False

    def items(part: Part, _level: int) -> Lines:
        nonlocal found
        for index in ticking(range(part.first, part.last), tick):
            if item := _action(corpus.sentences[index], CUES.get(part.language or "")):
                found = True
                yield f"{item} [{corpus.sentences[index].place}]"

    lines = list(_by_part(corpus, items))
    yield from lines if found else ["No action items were found by the engine's cue words."]


def _action(sentence: Sentence, cues: Cues | None) -> str | None:
    text = sentence.text.replace("\u2019", "'")
    taken = cues.takes.search(text) if cues else None
    if sentence.kind is Kind.PLAIN and (cues is None or not _is_task(sentence, text, cues)):
        return None
    who = f"**{plain(taken['who'])}**: " if taken else ""
    due = cues.due.search(text) if cues else None
    box = "- [x]" if sentence.kind is Kind.DONE_TASK else "- [ ]"
    return f"{box} {who}{plain(sentence.text)}" + (f" (due: {plain(due[0].strip())})" if due else "")


def _is_task(sentence: Sentence, text: str, cues: Cues) -> bool:
    if cues.no_action.search(text) or (_asks(sentence, cues) and not _REQUEST.match(text)):
        return False
    return bool(cues.takes.search(text) or cues.action.search(text))


def qa_format(corpus: Corpus, tick: Tick) -> Lines:
    """Questions that the input asks, each with the sentences that follow it."""
    found = False

    def pairs(part: Part, _level: int) -> Lines:
        nonlocal found
        cues = CUES.get(part.language or "")
        asked = [_asks(corpus.sentences[i], cues) for i in ticking(range(part.first, part.last), tick)]
        for offset, is_question in enumerate(asked):
            if is_question:
                found = True
                yield from _pair(corpus, part, asked, part.first + offset)

    lines = list(_by_part(corpus, pairs))
    yield from lines if found else ["No questions were found in the input."]


def _pair(corpus: Corpus, part: Part, asked: list[bool], index: int) -> Lines:
    yield f"**Q: {plain(corpus.sentences[index].text)}** [{corpus.sentences[index].place}]\n"
    following = range(index + 1, min(index + 1 + _LONGEST_ANSWER, part.last))
    answer = [
        plain(corpus.sentences[i].text) for i in takewhile(lambda i: not asked[i - part.first], following)
    ]
    # Where the input has no full stops, a line break has to tell its sentences apart.
    between = " " if all(text.endswith((".", "!", "\u3002")) for text in answer) else "  \n"
    yield f"A: {between.join(answer)}\n" if answer else "*Nothing in the input follows this question.*\n"


def _asks(sentence: Sentence, cues: Cues | None) -> bool:
    if sentence.text.endswith(_QUESTION_MARKS):
        return True
    # Without any punctuation, as some speech models write, a question word in front has to do.
    return (
        cues is not None and sentence.text[-1:].isalnum() and cues.question.match(sentence.text) is not None
    )
