"""A model's thoughts, taken out of its answer.

Thinking models write them between marks, of which a server may leave out the first (it stood in the prompt) or the last
(the model came to no end). A text may as well be *about* such marks, and a legitimate answer must never be cut. So a
mark counts only where a model puts one, at an end of a line, and not in code, in the flow of a sentence, or, but at the
answer's own start, where what the model was given has that mark in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline.llm.engines.channels import without_channels
from pipeline.llm.engines.code_spans import code_spans, is_inside

_MOST_BLOCKS = 32  # each costs a look at the whole answer
_MOST_MARKS = 200  # that one look takes in: each costs a look at its line
_LONGEST_PREFACE = 300  # characters
_NAME = (
    r"(?!(?:begin|start|end)_)(?:[a-z]{1,12}[:_]){0,2}(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|monologue)"
    r"(?:_(?:process|content|block|steps?)|_never_used_[0-9a-f]{1,40})?|analysis|chain_of_thought|cot"
)
_MARK = re.compile(
    rf"<\|?(?P<open>(?:{_NAME}))(?:\s[^<>/|\n]{{0,200}})?\s?\|?>|<\|?\s?/\s?(?P<close>{_NAME})\s?\|?>"
    r"|(?P<open_token>(?-i:\[(?:THINK|THINKING|REASONING)\])|◁think▷|<\|(?:begin_of_(?:thought|thinking|reasoning)|start_thinking|reasoning_start)\|>|<unused94>|<\|channel>thought\b"
    r"|<details type=[\"']reasoning[\"'][^<>\n]{0,200}>)"
    r"|(?P<close_token>(?-i:\[/(?:THINK|THINKING|REASONING)\])|◁/think▷|<\|(?:end_of_(?:thought|thinking|reasoning)|end_thinking|reasoning_end)\|>|<unused95>|<channel\|>)",
    re.I,
)
_DETAILS_END = re.compile(r"</details>", re.I)
# What follows a mark in a sentence about it: a word in lower case, or a sign that ends something.
_GOES_ON = re.compile(r"[ \t]+[a-zà-ÿа-я(/&=–—]|[ \t]*[,.;:!?)\]}”’»]|[\"'](?=[\s.,;:)]|$)")  # noqa: RUF001
_SENTENCE_END = re.compile(r"[.!?…][\"'”)]?[ \t]+$")
_MENTIONED = re.compile(r"[^\s.!?…。:][ \t]+$|[\"'“‘«(\[{]$")  # noqa: RUF001 (what stands before one)
_STRUCTURE = re.compile(r"\n[ \t]*\n|^\s*(?:#|[-*+]\s|\d+[.)]\s)", re.M)
_WRAPPED = re.compile(r"<(answer|final|final_answer|response|output|solution)>(.*?)(?:</\1>)?", re.S | re.I)
_SOLUTION = re.compile(
    r"<\|(?:begin_of_solution|start_response)\|>(.*?)(?:<\|(?:end_of_solution|end_response)\|>)?", re.S | re.I
)
_TOKEN = re.compile(
    r"<\|(?:im_end|im_start|end|start|message|eot_id|eom_id|endoftext|end_of_text|begin_of_text|return|assistant|eos)\|>"
    r"|</?s>|<bos>|<eos>|<end_of_turn>|<start_of_turn>|<｜(?:end|begin)▁of▁sentence｜>|<｜Assistant｜>|\[/?INST\]",  # noqa: RUF001
)
_BEGIN_TOKENS = re.compile(rf"\s*(?:(?:{_TOKEN.pattern})\s*(?:(?:assistant|model)(?=\s|<\|))?\s*)+")
_END_TOKENS = re.compile(rf"(?:\s*(?:{_TOKEN.pattern}))+\s*\Z")
_LONGEST_END = 200  # characters


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    name: str
    closes: bool


def without_thoughts(answer: str, given: str, task: str = "") -> str:
    """What the model meant for the reader; empty where there is nothing but thoughts.

    `given`: all that it was given. `task`: what it was asked for; marks that are named there belong to the answer.
    """
    text = _without_ends(without_channels(answer, given), task)
    if not _MARK.search(text):
        return text if text == answer else text.strip()
    quoted = frozenset(mark.name for mark in _marks(given))
    wanted = frozenset(mark.name for mark in _marks(task))
    for number in range(_MOST_BLOCKS):
        cut = _next_cut(text, quoted, wanted, again=number > 0)
        if cut is None:
            break
        text = text[: cut[0]] + text[cut[1] :]
    return text if text == answer else _unwrapped(text.strip())


def _without_ends(text: str, task: str) -> str:
    """Without the special tokens of a template at either end, which a server should take off."""
    first, last = _BEGIN_TOKENS.match(text), _END_TOKENS.search(text[-_LONGEST_END:])
    end = len(text) - (len(last[0]) if last else 0)
    begin = first.end() if first else 0
    is_wanted = any(token in task for token in _TOKEN.findall(text[:begin] + text[end:]))
    return text if is_wanted or begin >= end else text[begin:end]


def _unwrapped(text: str) -> str:
    """Models that mark their thoughts may mark their answers as well."""
    found = _WRAPPED.fullmatch(text)
    if found:
        return found[2].strip()
    found = _SOLUTION.fullmatch(text)
    return found[1].strip() if found else text


def _next_cut(
    text: str, quoted: frozenset[str], wanted: frozenset[str], *, again: bool
) -> tuple[int, int] | None:
    """From where to where the first thoughts go; None where there are none. `quoted`: marks in what it was given."""
    code = code_spans(text)
    marks = [mark for mark in islice(_marks(text), _MOST_MARKS) if mark.name not in wanted]
    plain = [mark for mark in marks if not is_inside(mark.start, code)]
    passed: set[_Mark] = set()  # those that end what is only mentioned
    for mark in plain:
        if mark.closes:
            cut = _behind_lone(text, mark, quoted, mentioned=mark in passed)
            if cut and again and not text[mark.end :].strip():
                cut = mark.start, mark.end  # once too often, behind an answer
        else:
            end = _end_of(text, mark, plain) or _end_of(text, mark, [m for m in marks if _is_alone(text, m)])
            cut = _of_block(text, mark, end, quoted)
            if cut is None and end is not None:
                passed.add(end)
        if cut is not None:
            return cut
    return None


def _marks(text: str) -> Iterator[_Mark]:
    for found in _MARK.finditer(text):
        name = found["open"] or found["close"] or found[0].strip("<>[]|/◁▷")
        yield _Mark(
            found.start(), found.end(), name.lower(), closes=bool(found["close"] or found["close_token"])
        )


def _end_of(text: str, mark: _Mark, marks: list[_Mark]) -> _Mark | None:
    """Of the same name if there is one: models mix them up."""
    if mark.name.startswith("details"):
        found = _DETAILS_END.search(text, mark.end)
        return _Mark(found.start(), found.end(), mark.name, closes=True) if found else None
    ends = [other for other in marks if other.closes and other.start >= mark.end]
    return next((other for other in ends if other.name == mark.name), ends[0] if ends else None)


def _of_block(text: str, mark: _Mark, end: _Mark | None, quoted: frozenset[str]) -> tuple[int, int] | None:
    first = not text[: mark.start].strip()
    if _is_code_indent(text, mark) or not (
        _begins_line(text, mark) or _ends_line(text, mark) or _begins_sentence(text, mark)
    ):
        return None
    if not first and mark.name in quoted:
        return None
    if end is None:
        return _unclosed(text, mark, quoted, first=first)
    if not _begins_line(text, mark) and not (
        _is_alone(text, end) or (_begins_sentence(text, mark) and _ends_line(text, end))
    ):
        return None
    if _GOES_ON.match(text, mark.end) and _GOES_ON.match(text, end.end):
        return None
    return mark.start, end.end


def _unclosed(text: str, mark: _Mark, quoted: frozenset[str], *, first: bool) -> tuple[int, int] | None:
    if _ends_line(text, mark):
        return (0 if _is_preface(text[: mark.start]) else mark.start), len(text)
    if not first or mark.name in quoted or _GOES_ON.match(text, mark.end):
        return None
    is_label = text[mark.start] == "[" and text[mark.end].isspace()
    return None if is_label else (0, len(text))


def _behind_lone(
    text: str, mark: _Mark, quoted: frozenset[str], *, mentioned: bool
) -> tuple[int, int] | None:
    """Of an end without a beginning: all before it was thought."""
    if _is_code_indent(text, mark) or mark.name in quoted:
        return None
    if _is_alone(text, mark):
        return 0, mark.end
    before = text[max(0, mark.start - 40) : mark.start]
    if mentioned or _MENTIONED.search(before) or _GOES_ON.match(text, mark.end):
        return None
    return 0, mark.end


def _is_preface(before: str) -> bool:
    """Such as "Sure, let me think."; what has a structure is an answer."""
    return len(before) < _LONGEST_PREFACE and not _STRUCTURE.search(before.strip())


def _line_before(text: str, mark: _Mark) -> str:
    return text[text.rfind("\n", 0, mark.start) + 1 : mark.start]


def _begins_line(text: str, mark: _Mark) -> bool:
    return not _line_before(text, mark).strip()


def _begins_sentence(text: str, mark: _Mark) -> bool:
    return _SENTENCE_END.search(_line_before(text, mark)[-10:]) is not None


def _is_code_indent(text: str, mark: _Mark) -> bool:
    before = _line_before(text, mark)
    return not before.strip() and len(before.expandtabs(4)) > 3


def _ends_line(text: str, mark: _Mark) -> bool:
    stop = text.find("\n", mark.end)
    return not text[mark.end : len(text) if stop < 0 else stop].strip()


def _is_alone(text: str, mark: _Mark) -> bool:
    return mark.closes and _begins_line(text, mark) and _ends_line(text, mark)
