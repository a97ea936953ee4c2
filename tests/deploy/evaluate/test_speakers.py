"""Who speaks when, read from RTTM, and what a wrong answer costs."""

from pathlib import Path

import pytest

from deploy.evaluate.references import ReferenceInvalid
from deploy.evaluate.rttm import NamedTurn, read_rttm
from deploy.evaluate.speakers import score_turns
from pipeline.speakers.diarizer import Turn

TWO = (NamedTurn(0.0, 5.0, "a"), NamedTurn(5.0, 10.0, "b"))


def test_rttm_says_who_speaks_when(tmp_path: Path) -> None:
    file = tmp_path / "call.rttm"
    file.write_text(
        "SPKR-INFO call 1 <NA> <NA> <NA> unknown alice <NA>\n\nSPEAKER call 1 1.5 2.0 <NA> <NA> alice <NA> <NA>\n"
    )
    assert read_rttm(file) == (NamedTurn(1.5, 3.5, "alice"),)


@pytest.mark.parametrize("line", ["SPEAKER call 1 soon 2.0 <NA> <NA> alice", "SPEAKER call 1 0 2.0"])
def test_a_line_that_says_no_such_thing_is_told_by_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "call.rttm"
    file.write_text(f"\n{line}\n")
    with pytest.raises(ReferenceInvalid, match="Line 2"):
        read_rttm(file)


@pytest.mark.parametrize(
    ("told", "rate", "found"),
    [
        ([Turn(0, 5, 1), Turn(5, 10, 0)], 0.0, 2),
        ([Turn(0, 10, 0)], 0.5, 1),
        ([Turn(0, 5, 0)], 0.5, 1),
        ([], 1.0, 0),
        ([Turn(0, 5, 0), Turn(5, 10, 1), Turn(10, 12, 1)], 0.2, 2),
        ([Turn(0, 5, 0), Turn(4, 10, 1)], 0.1, 2),
    ],
    ids=["right", "one for both", "half missed", "nobody", "too much", "both at once"],
)
def test_what_is_wrong_counts_in_relation_to_what_is_spoken(
    told: list[Turn], rate: float, found: int
) -> None:
    score = score_turns(TWO, told, 12.0)
    assert (score.speakers, score.found) == (2, found)
    assert score.error_rate == pytest.approx(rate)


def test_where_nobody_speaks_there_is_no_rate() -> None:
    assert score_turns([], [Turn(0, 1, 0)], 12.0).error_rate is None
