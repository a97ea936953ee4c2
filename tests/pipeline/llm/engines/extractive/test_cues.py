"""Cue words are found in as many steps as the text is long, and say who takes a task on."""

import re

import pytest

from pipeline.llm.engines.extractive.cues import CUES
from tests.support.regex_steps import Search

PATTERNS = [
    pytest.param(pattern, id=f"{language} {kind}")
    for language, cues in CUES.items()
    for kind in ("takes", "action", "due", "decides", "question", "leans")
    if (pattern := getattr(cues, kind))
]
UNITS = (
    *(
        "they'll-",
        "a-",
        "a.",
        "a'",
        "3.",
        "'",
        "_",
        ".",
        "Ann and ",
        "x ",
        "by ",
        "by 1/",
        "am ende ",
        "tot de eind ",
    ),
    *("and ", "W and ", "by the ", "by the end of "),
    *("ricorda", "actiepunt", "olvid", "it will ", "bis 1.", "voor volgende ", "9", "\u0438 "),
)


def growth(pattern: re.Pattern[str], unit: str) -> float:
    """How many times as many steps a text takes that is twice as long: two if they are linear, nearly four if not."""
    steps = []
    for length in (60, 120):
        text = (unit * length)[:length]
        search = Search(pattern, text)
        assert search.spans() == [found.span() for found in pattern.finditer(text)]
        steps.append(search.steps)
    return steps[1] / steps[0]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_steps_are_linear_in_the_text_whatever_it_is_made_of(pattern: re.Pattern[str]) -> None:
    assert {unit: times for unit in UNITS if (times := growth(pattern, unit)) > 2.3} == {}


def test_a_name_sought_at_every_word_would_not_be_linear() -> None:
    assert growth(re.compile(r"\b[^\W\d_][\w'.-]* will"), "a-") > 2.8


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Ann will call", "Ann"),
        ("-Ann will call", "Ann"),
        ("'Ann will call'", "Ann"),
        ("...ann-marie will call", "ann-marie"),
        ("1.Ann will call", "Ann"),
        ("They'll call", "They"),
        ("Dr. O'Neil and Bob must call", "O'Neil and Bob"),
        ("3rd will call", None),
    ],
)
def test_who_takes_a_task_on_is_told_whatever_stands_before(text: str, who: str | None) -> None:
    taken = CUES["en"].takes.search(text)
    assert (taken["who"] if taken else None) == who
