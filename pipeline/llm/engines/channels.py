"""The channels that gpt-oss answers in: `analysis` and `commentary` are thoughts, `final` is the answer.

A server should take the markup off. One that doesn't shows it whole, or with its special tokens left out.
"""

import re

from pipeline.llm.engines.code_spans import Spans, code_spans, is_inside

_MARK = "<|channel|>"
_MESSAGE = "<|message|>"
_BEGIN = re.compile(r"<\|channel\|>\s*(\w+)[^<]{0,100}(?:<\|constrain\|>[^<]{0,50})?<\|message\|>")
_END = re.compile(rf"<\|(?:end|return|call|start)\|>|{_BEGIN.pattern}|\Z")
_BEGINS = re.compile(r"(?:<\|start\|>assistant\s*)?<\|channel\|>")
# A word goes on in lower case, or ends.
_BARE = re.compile(r"\s*(?:assistant)?((analysis|commentary)(?=[A-Z\d\"'“*])\w*)")
_BARE_BEGINS = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)")
_BARE_FINAL = re.compile(r"[.!?…\n\"')\]]\s*(assistantfinal)(?!\s+[a-z])")
_BARE_LINES = re.compile(r"\s*(?:analysis|commentary)[ \t]*\n.*?\nfinal[ \t]*\n(.*)", re.S)


def without_channels(text: str, given: str) -> str:
    """The final channel's text; the whole `text` where it has no channels. `given`: what the model was asked with."""
    bare = _without_bare(text, given)
    if bare is not None:
        return bare
    if _MARK not in text:
        return text
    first = _BEGINS.match(text.lstrip())
    if not first and _MARK in given:
        return text
    code = code_spans(text)
    messages = [found for found in _BEGIN.finditer(text) if not is_inside(found.start(), code)]
    own = [span for span in code if _MESSAGE not in text[slice(*span)]]  # a message's code ends in it
    finals = [_content(text, found.end(), own) for found in messages if found[1].lower() == "final"]
    if finals:
        return finals[0] if len(finals) == 1 else "\n\n".join(final.strip() for final in finals)
    begins = any(text[: found.start()].rpartition("\n")[2].strip() == "" for found in messages)
    return "" if first or begins else text


def _content(text: str, begin: int, code: Spans) -> str:
    ends = (found.start() for found in _END.finditer(text, begin))
    return text[begin : next(end for end in ends if not is_inside(end, code))]


def _without_bare(text: str, given: str) -> str | None:
    """The same where special tokens are left out: a channel's name runs into the text, or has a line to itself.

    None where there are no channels.
    """
    bare = _BARE.match(text)
    if bare and bare[1] != bare[2] and bare[1] in given:  # a word of the input, such as a variable's name
        return None
    if bare:
        final = text.rfind("assistantfinal")
    else:
        ends = [*_BARE_FINAL.finditer(text)] if _BARE_BEGINS.match(text) else []
        final = ends[-1].start(1) if ends else -1
    if final >= 0:
        return text[final + len("assistantfinal") :].lstrip(": \n")
    if bare and text[bare.end(2)].isupper():
        return ""
    lines = _BARE_LINES.match(text)
    return lines[1] if lines and not re.search(r"\bfinal\b", given) else None
