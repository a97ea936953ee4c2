"""The report keeps the latest run of each fault and seed, and begins with a line for each fault."""

from pathlib import Path

from tests.faults.chaos.invariants import Verdict
from tests.faults.chaos.report import Row, write
from tests.faults.chaos.scenario import Result


def row(fault: str, seed: int, accepted: int, lost: int = 0, recovery: float | None = None) -> Row:
    verdict = Verdict(accepted=accepted, lost=lost, doubled=0)
    return Row(
        seed, Result(name=fault, hits=3, verdict=verdict, recovery=recovery, measured={"p99": "20 ms"})
    )


def test_a_run_takes_the_place_of_its_like_and_each_fault_has_one_line_at_the_top(tmp_path: Path) -> None:
    path = tmp_path / "reliability.md"
    for each in (
        row("Redis killed", 1, 600, recovery=0.2),
        row("workers killed", 1, 200, lost=2),
        row("Redis killed", 2, 700, recovery=1.4),
        row("workers killed", 1, 1_300, lost=1),
    ):
        write(each, path)

    top, _, details = path.read_text().partition("## Each run")

    assert [line for line in top.splitlines() if line.startswith("| ")][1:] == [
        "| Redis killed | 2 | 1,300 | 0 | 0 | 1.4 s |",
        "| workers killed | 1 | 1,300 | 1 | 0 | - |",
    ]
    assert [line.split(" | ")[:2] for line in details.splitlines() if line.startswith("| ")][1:] == [
        ["| Redis killed", "1"],
        ["| workers killed", "1"],
        ["| Redis killed", "2"],
    ]
