"""The special tokens of a chat template at either end of an answer, which a server should take off."""

import re

_SPECIAL = (
    r"<\|(?:im_end|im_start|end|start|message|eot|eot_id|eom_id|endoftext|end_of_text|begin_of_text|return|assistant|eos"
    r"|end_of_turn|start_of_turn|start_header_id|end_header_id|header_start|header_end)\|>"
    r"|<bos>|<eos>|<end_of_turn>|<start_of_turn>|<｜(?:end|begin)▁of▁sentence｜>|<｜Assistant｜>|\[/?INST\]"  # noqa: RUF001
)
_LONGEST_END = 200  # characters
_PAIR = re.compile(r"<s>(?:(?!</?s>).)*</s>", re.S)


def _ends(token: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    begin = re.compile(rf"\s*(?:(?:{token})\s*(?:(?:assistant|model)(?=\s|<\|))?\s*)+")
    return begin, re.compile(rf"(?:\s*(?:{token}))+\s*\Z")


_ALL = re.compile(rf"{_SPECIAL}|</?s>")
_ALL_ENDS = _ends(_ALL.pattern)
_CERTAIN_ENDS = _ends(_SPECIAL)


def without_template_tokens(text: str, task: str) -> str:
    """`task`: what was asked for; tokens that are named there belong to the answer.

    `<s>` and `</s>` strike a text through in HTML: each is a token only where it has no partner inside.
    """
    begin, end = _inside(text, *_ALL_ENDS)
    if _strikes(text[begin:end]):
        begin, end = _inside(text, *_CERTAIN_ENDS)
    is_wanted = any(token in task for token in _ALL.findall(text[:begin] + text[end:]))
    return text if is_wanted or begin >= end else text[begin:end]


def _inside(text: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> tuple[int, int]:
    first, last = begins.match(text), ends.search(text[-_LONGEST_END:])
    return first.end() if first else 0, len(text) - (len(last[0]) if last else 0)


def _strikes(inner: str) -> bool:
    """Whether a mark is left in it without its partner, which then was taken for a token."""
    left = _PAIR.sub("", inner)
    return "<s>" in left or "</s>" in left
