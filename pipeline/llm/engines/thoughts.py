"""A model's thoughts, taken out of its answer.

Thinking models write them between marks, of which a server may leave out the first (it stood in the prompt) or the last
(the model came to no end). A text may as well be *about* such marks, and a legitimate answer must never be cut. So a
mark counts only where a model puts one, at an end of a line or behind a sentence, and not in code, in the flow of a
sentence, or, but at the answer's own start, beside words that what the model was given has beside such a mark as well.
"""

import re
from dataclasses import dataclass
from itertools import islice

from pipeline.llm.engines.channels import without_channels
from pipeline.llm.engines.code_spans import code_spans, is_inside
from pipeline.llm.engines.template_tokens import without_template_tokens
from pipeline.llm.engines.thought_marks import (
    Mark,
    begins_line,
    begins_sentence,
    ends_line,
    goes_on,
    is_alone,
    is_code_indent,
    is_first,
    is_last,
    line_before,
    marks_of,
)

_MOST_BLOCKS = 32  # each costs a look at the whole answer
_MOST_MARKS = 200  # that one look takes in: each costs a look at its line
_LONGEST_PREFACE = 300  # characters
_QUOTE = 40  # characters beside a mark by which a quotation is known
_DETAILS_END = re.compile(r"</details>", re.I)
_MENTIONED = re.compile(r"[^\s.!?…。:][ \t]+$|[\"'“‘«(\[{]$")  # noqa: RUF001 (what stands before one)
_STRUCTURE = re.compile(r"\n[ \t]*\n|^\s*(?:#|[-*+]\s|\d+[.)]\s)", re.M)
_WRAPPED = re.compile(r"<(answer|final|final_answer|response|output|solution)>(.*?)(?:</\1>)?", re.S | re.I)
_SOLUTION = re.compile(
    r"<\|(?:begin_of_solution|start_response)\|>(.*?)(?:<\|(?:end_of_solution|end_response)\|>)?", re.S | re.I
)
# Names of marks that are ordinary words: a task may ask for an element of that name without writing its mark.
_WORD = re.compile(r"\b(?:analysis|reasoning|reflection|scratchpad|monologue|thoughts)\b", re.I)
_NEGATED = re.compile(
    r"(?:\b(?:no|not|never|without)\b|n['’]t\b)(?:(?!\b(?:and|but)\b)[^.!?;:,\n])*\Z",  # noqa: RUF001
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the model was given, with the names of the marks in it, and those that the answer is to have."""

    given: str
    mentioned: frozenset[str]
    wanted: frozenset[str]

    def quotes(self, mark: Mark, beside: str) -> bool:
        """`beside`: the words next to the mark."""
        return mark.name in self.mentioned and beside in self.given


def without_thoughts(answer: str, given: str, task: str = "") -> str:
    """What the model meant for the reader; empty where there is nothing but thoughts.

    `given`: all that it was given. `task`: what it was asked for; marks that are named there belong to the answer.
    """
    text = without_template_tokens(without_channels(answer, given), task)
    if next(marks_of(text), None) is None:
        return text
    asked = _Asked(given, frozenset(mark.name for mark in marks_of(given)), _wanted(task))
    for number in range(_MOST_BLOCKS):
        cut = _next_cut(text, asked, again=number > 0)
        if cut is None:
            break
        before, behind = text[: cut[0]], text[cut[1] :]
        text = before + behind if before.strip() else re.sub(r"\A\s*\n", "", behind)
    return text if text == answer else _unwrapped(text)


def _wanted(task: str) -> frozenset[str]:
    named = [(mark.start, mark.name) for mark in marks_of(task)]
    named += [(found.start(), found[0].lower()) for found in _WORD.finditer(task)]
    return frozenset(name for start, name in named if not _NEGATED.search(task[max(0, start - 200) : start]))


def _unwrapped(text: str) -> str:
    """Models that mark their thoughts may mark their answers as well."""
    if found := _WRAPPED.fullmatch(text.strip()):
        return found[2].strip()
    found = _SOLUTION.fullmatch(text.strip())
    return found[1].strip() if found else text


def _next_cut(text: str, asked: _Asked, *, again: bool) -> tuple[int, int] | None:
    """From where to where the first thoughts go; None where there are none. `again`: others have gone before."""
    code = code_spans(text)
    marks = [mark for mark in islice(marks_of(text), _MOST_MARKS) if mark.name not in asked.wanted]
    plain = [mark for mark in marks if not is_inside(mark.start, code)]
    passed: set[Mark] = set()  # those that end what is only mentioned
    for mark in plain:
        if mark.closes:
            cut = _behind_lone(text, mark, asked, mentioned=mark in passed)
            if cut and again and is_last(text, mark):
                cut = mark.start, mark.end  # once too often, behind an answer
        else:
            end = _end_of(text, mark, plain) or _end_of(text, mark, [m for m in marks if is_alone(text, m)])
            cut = _of_block(text, mark, end, asked, again=again)
            if cut is None and end is not None:
                passed.add(end)
        if cut is not None:
            return cut
    return None


def _end_of(text: str, mark: Mark, marks: list[Mark]) -> Mark | None:
    """Of the same name if there is one: models mix them up."""
    if mark.name.startswith("details"):
        found = _DETAILS_END.search(text, mark.end)
        return Mark(found.start(), found.end(), mark.name, closes=True) if found else None
    ends = [other for other in marks if other.closes and other.start >= mark.end]
    return next((other for other in ends if other.name == mark.name), ends[0] if ends else None)


def _of_block(
    text: str, mark: Mark, end: Mark | None, asked: _Asked, *, again: bool
) -> tuple[int, int] | None:
    at_begin = begins_line(text, mark) or begins_sentence(text, mark)
    if is_code_indent(text, mark) or not (at_begin or ends_line(text, mark)):
        return None
    if not is_first(text, mark) and asked.quotes(mark, _first_words(text, mark, end)):
        return None
    if end is None:
        return _unclosed(text, mark, asked, again=again) if at_begin else None
    if not begins_line(text, mark) and not (is_alone(text, end) or (at_begin and ends_line(text, end))):
        return None
    if goes_on(text, mark) and goes_on(text, end):
        return None
    return _begin(text, mark, alone=is_last(text, end) and not again), end.end


def _unclosed(text: str, mark: Mark, asked: _Asked, *, again: bool) -> tuple[int, int] | None:
    cut = _begin(text, mark, alone=not again), len(text)
    if ends_line(text, mark):
        return cut
    first = is_first(text, mark)
    told = asked.quotes(mark, _first_words(text, mark, None)) if first else mark.name in asked.mentioned
    is_label = text[mark.end].isspace() and (text[mark.start] == "[" or not first)
    return None if told or is_label or goes_on(text, mark) else cut


def _begin(text: str, mark: Mark, *, alone: bool) -> int:
    """Where a thought begins; one that is alone with a preface, such as "Sure, let me think.", takes that with it."""
    return 0 if alone and _is_preface(text[: mark.start]) else mark.start


def _behind_lone(text: str, mark: Mark, asked: _Asked, *, mentioned: bool) -> tuple[int, int] | None:
    """Of an end without a beginning: all before it was thought."""
    if is_code_indent(text, mark):
        return None
    if is_alone(text, mark):
        return None if asked.quotes(mark, _last_words(text, mark)) else (0, mark.end)
    mentioned = mentioned or mark.name in asked.mentioned or goes_on(text, mark)
    return None if mentioned or _MENTIONED.search(line_before(text, mark)[-40:]) else (0, mark.end)


def _first_words(text: str, mark: Mark, end: Mark | None) -> str:
    thought = text[mark.end : min(end.start if end else len(text), mark.end + 5 * _QUOTE)]
    return thought.strip().partition("\n")[0][:_QUOTE].strip()


def _last_words(text: str, mark: Mark) -> str:
    return text[max(0, mark.start - 5 * _QUOTE) : mark.start].strip().rpartition("\n")[2][-_QUOTE:].strip()


def _is_preface(before: str) -> bool:
    """What has a structure is an answer."""
    return len(before) < _LONGEST_PREFACE and not _STRUCTURE.search(before.strip())
