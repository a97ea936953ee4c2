"""The prompt `action_items`: sentences in which somebody takes on a task, and boxes, as a task list."""

from pipeline.llm.engines.extractive.corpus import Corpus, Part
from pipeline.llm.engines.extractive.genres import Genre
from pipeline.llm.engines.extractive.plain import plain
from pipeline.llm.engines.extractive.quoting import (
    Lines,
    by_part,
    disclaimer,
    is_running_text,
    needs_context,
    quoted,
)
from pipeline.llm.engines.extractive.roles import Role
from pipeline.llm.engines.extractive.sentences import Kind
from pipeline.llm.engines.extractive.tasks import ActionItem
from pipeline.llm.engines.extractive.ticking import Tick, ticking

_BOXES = (Kind.OPEN_TASK, Kind.DONE_TASK)


def action_items(corpus: Corpus, tick: Tick) -> Lines:
    """With who and by when, where the sentence says so."""
    found = False

    def items(part: Part, _level: int) -> Lines:
        nonlocal found
        listed = tasks(corpus, part, tick)
        found = found or bool(listed)
        if not _has_cues(part):
            yield disclaimer(part, "only checkboxes and lists of tasks were looked for")
        yield from task_lines(corpus, part, listed)

    lines = list(by_part(corpus, items))
    yield from lines
    if not found:
        yield "No action items were found by the engine's cue words."


def tasks(corpus: Corpus, part: Part, tick: Tick) -> dict[int, ActionItem]:
    """By their sentences' indexes."""
    found = {}
    for index in ticking(range(part.first, part.last), tick):
        sentence = corpus.sentences[index]
        given = sentence.kind in _BOXES or sentence.role is Role.TASKS
        if not given and not (_has_cues(part) and (corpus.prose[index] or sentence.kind is not Kind.PROSE)):
            continue
        if task := part.reader.task(sentence):
            found[index] = task
    return found


def task_lines(corpus: Corpus, part: Part, found: dict[int, ActionItem]) -> Lines:
    """One line for each, but for a task that the next one is quoted with."""
    pointing = {index for index in found if needs_context(corpus, part, index)}
    for index, task in found.items():
        if (
            index + 1 not in pointing or index in pointing
        ):  # the next is quoted with this one, not with those before
            earlier = found.get(index - 1) if index in pointing else None
            owner = task.owner or (earlier and earlier.owner)
            due = task.due or (earlier and earlier.due)
            text, place = quoted(corpus, part, index)
            who, when = f"**{plain(owner)}**: " if owner else "", f" (due: {plain(due)})" if due else ""
            yield f"- [{'x' if task.done else ' '}] {who}{text}{when} [{place}]"


def _has_cues(part: Part) -> bool:
    """Whether words like "must" and "will" mean a task there: in a law or a manual they don't."""
    return is_running_text(part) or part.genre is Genre.FRAGMENTS
