"""Cue words are found in linear time, and say who takes a task on."""

import re
import time

import pytest

from pipeline.llm.engines.extractive.cues import CUES

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


@pytest.mark.parametrize("pattern", PATTERNS)
def test_time_is_linear_in_the_text_whatever_it_is_made_of(pattern: re.Pattern[str]) -> None:
    for unit in UNITS:
        text = (unit * 100_000)[:100_000]
        begun = time.perf_counter()
        sum(1 for _ in pattern.finditer(text))
        assert time.perf_counter() - begun < 2.5, unit


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
