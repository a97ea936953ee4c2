"""The channels that gpt-oss answers in: `analysis` and `commentary` are thoughts, `final` is the answer.

A server should take the markup off. One that doesn't shows it whole, or with its special tokens left out.
"""

import re

from pipeline.llm.engines.code_spans import code_spans, is_inside

_MARK = "<|channel|>"
_MESSAGE = re.compile(
    r"<\|channel\|>\s*(\w+)[^<]{0,100}(?:<\|constrain\|>[^<]{0,50})?<\|message\|>"
    r"(.*?)(?=<\|(?:end|return|call|start)\|>|<\|channel\|>\s*\w+[^<]{0,100}<\|message\|>|\Z)",
    re.S,
)
_BEGINS = re.compile(r"(?:<\|start\|>assistant\s*)?<\|channel\|>")
_BARE = re.compile(
    r"\s*(?:assistant)?(?:analysis|commentary)(?=[A-Z\d\"'“*])"
)  # a word goes on in lower case, or ends
_BARE_BEGINS = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)")
_BARE_FINAL = re.compile(r"[.!?…\n\"')\]]\s*(assistantfinal)(?!\s+[a-z])")


def without_channels(text: str, given: str) -> str:
    """The final channel's text; the whole `text` where it has no channels. `given`: what the model was asked with."""
    bare, ends = _BARE.match(text), [*_BARE_FINAL.finditer(text)]
    final = (
        text.rfind("assistantfinal")
        if bare
        else ends[-1].start(1)
        if ends and _BARE_BEGINS.match(text)
        else -1
    )
    if final >= 0:
        return text[final + len("assistantfinal") :].lstrip(": \n")
    if bare and text[bare.end()].isupper():
        return ""
    if _MARK not in text:
        return text
    first = _BEGINS.match(text.lstrip())
    if not first and _MARK in given:
        return text
    code = code_spans(text)
    messages = [found for found in _MESSAGE.finditer(text) if not is_inside(found.start(), code)]
    finals = [found[2].strip() for found in messages if found[1].lower() == "final"]
    if finals:
        return "\n\n".join(finals)
    begins = any(text[: found.start()].rpartition("\n")[2].strip() == "" for found in messages)
    return "" if first or begins else text
