"""Where a sentence ends. In doubt it doesn't: two sentences in one quotation mislead nobody, half a one might."""

import re
from collections.abc import Collection, Iterator

_SHORT = (
    r"mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|z\.b|d\.h|u\.a|bzw|ca|approx|inc|ltd|corp|jr|sr|rev|al|cf|incl|inkl|ggf|evtl|bspw|vgl|sog|usw"
    r"|[^\W\d_]\.[^\W\d_]"  # "p.m.", "U.S."
)
_NUMBERED = r"no|nr|fig|art|abs|sec|vol|pp?|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
# "a. b", "Dr. Smith", "am 3. März"; the others before a number: "Nov. 21"
_ABBREVIATION = re.compile(rf"(?:^|[\s(])(?:[^\W\d_]|\d{{1,2}}|{_SHORT})\.$", re.I)
_BEFORE_A_NUMBER = re.compile(rf"(?:^|[\s(])(?:{_NUMBERED})\.$", re.I)
_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]{0,3}\s+|[。！？｡।؟۔][」』”’）]{0,3}\s*")  # noqa: RUF001
_ENDERS = tuple(".!?…。！？｡।؟۔")  # noqa: RUF001
_QUOTES = "\"'”’»)]」』）"  # noqa: RUF001
_LONGEST = 2_000  # characters; what goes on for longer without an end is cut between words


def is_ended(text: str) -> bool:
    """Whether the text ends as sentences do, in quotation marks or not."""
    return text.rstrip().rstrip(_QUOTES).endswith(_ENDERS)


def are_ended(texts: Collection[str]) -> bool:
    """Whether a quarter of them or more end as sentences do: where fewer do, a missing full stop tells nothing."""
    return sum(map(is_ended, texts)) * 4 >= len(texts)


def is_asked(text: str) -> bool:
    return text.rstrip().rstrip(_QUOTES).endswith(("?", "\uff1f", "\u061f"))


def split_sentences(text: str) -> Iterator[str]:
    """The text's sentences, white space after each kept; joined they are the text.

    What was cut for its length alone doesn't end as a sentence does.
    """
    start = 0
    cased = text != text.lower()  # where nothing is large, a small letter tells nothing
    for end in _END.finditer(text):
        following = text[end.end() : end.end() + 1]
        if cased and following.islower():
            continue
        if text[end.start() - 1] == "." and _abbreviates(text, end.start(), following):
            continue
        yield from _bounded(text, start, end.end())
        start = end.end()
    if text[start:].strip():
        yield from _bounded(text, start, len(text))


def _bounded(text: str, start: int, end: int) -> Iterator[str]:
    while end - start > _LONGEST:
        most = start + _LONGEST
        cut = max(text.rfind(" ", start, most), text.rfind("\n", start, most)) + 1 or most
        yield text[start:cut]
        start = cut
    yield text[start:end]


def _abbreviates(text: str, end: int, following: str) -> bool:
    # Only the last few characters are looked at: from the sentence's start it would be quadratic.
    first = max(0, end - 8)
    if _ABBREVIATION.search(text, first, end):
        return True
    return following.isdigit() and _BEFORE_A_NUMBER.search(text, first, end) is not None
