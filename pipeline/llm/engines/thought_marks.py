"""The marks that models write their thoughts between, and where in a text one stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = (
    r"(?!(?:begin|start|end)_)(?:(?:[a-z]{1,12}[:_]){0,2}|ant)"
    r"(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|monologue)"
    r"(?:[_-](?:process|content|block|steps?)|_never_used_[0-9a-f]{1,40})?|analysis|chain[_-]of[_-]thoughts?|cot"
)
_ATTRIBUTES = r"(?:\s[a-z_-]{1,40}\s?=[^<>\n]{0,200})?"
_THOUGHT = r"(?:thought|thinking|reasoning)"
_OPEN_TOKENS = (
    rf"(?-i:\[(?:THINK|THINKING|REASONING)\])|◁think▷|<\|(?:begin_of|start)_{_THOUGHT}\|>|<\|{_THOUGHT}_start\|>"
    r"|<\|inner_prefix\|>|<unused94>|<\|channel>thought\b|<details type=[\"']reasoning[\"'][^<>\n]{0,200}>"
)
_CLOSE_TOKENS = (
    rf"(?-i:\[/(?:THINK|THINKING|REASONING)\])|◁/think▷|<\|end(?:_of)?_{_THOUGHT}\|>|<\|{_THOUGHT}_end\|>"
    r"|<\|inner_suffix\|>|<unused95>|<channel\|>"
)
_MARK = re.compile(
    rf"<\|?(?P<open>{_NAME}){_ATTRIBUTES}\s?\|?>|<\|?\s?/\s?(?P<close>{_NAME})\s?\|?>"
    rf"|(?P<open_token>{_OPEN_TOKENS})|(?P<close_token>{_CLOSE_TOKENS})",
    re.I,
)
# What follows a mark in a sentence about it: a word in lower case, or a sign that ends something.
_GOES_ON = re.compile(r"[ \t]+[a-zà-ÿа-я(/&=–—]|[ \t]*[,.;:!?)\]}”’»]|[\"'](?=[\s.,;:)]|$)")  # noqa: RUF001
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]」』）]?[ \t]*$")  # noqa: RUF001
_LIST_NUMBER = re.compile(r"[ \t>]*(?:\d{1,3}|[a-zA-Z])[.)][ \t]*")


@dataclass(frozen=True, slots=True)
class Mark:
    start: int
    end: int
    name: str
    closes: bool


def marks_of(text: str) -> Iterator[Mark]:
    for found in _MARK.finditer(text):
        name = found["open"] or found["close"] or found[0].strip("<>[]|/◁▷")
        closes = bool(found["close"] or found["close_token"])
        yield Mark(found.start(), found.end(), name.lower(), closes)


def line_before(text: str, mark: Mark) -> str:
    return text[text.rfind("\n", 0, mark.start) + 1 : mark.start]


def line_after(text: str, mark: Mark) -> str:
    stop = text.find("\n", mark.end)
    return text[mark.end : len(text) if stop < 0 else stop]


def is_first(text: str, mark: Mark) -> bool:
    return not text[: mark.start].strip()


def is_last(text: str, mark: Mark) -> bool:
    return not text[mark.end :].strip()


def begins_line(text: str, mark: Mark) -> bool:
    return not line_before(text, mark).strip()


def ends_line(text: str, mark: Mark) -> bool:
    return not line_after(text, mark).strip()


def begins_sentence(text: str, mark: Mark) -> bool:
    """Behind another sentence: the number of a list's item ends none."""
    before = line_before(text, mark)
    return _SENTENCE_END.search(before[-10:]) is not None and not _LIST_NUMBER.fullmatch(before)


def goes_on(text: str, mark: Mark) -> bool:
    """Whether the sentence that it stands in goes on behind it."""
    return _GOES_ON.match(text, mark.end) is not None


def is_code_indent(text: str, mark: Mark) -> bool:
    before = line_before(text, mark)
    return not before.strip() and len(before.expandtabs(4)) > 3


def is_alone(text: str, mark: Mark) -> bool:
    return mark.closes and begins_line(text, mark) and ends_line(text, mark)
