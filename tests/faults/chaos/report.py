"""docs/reliability.md, from the run itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chaos.scenario import Result

REPORT = Path(__file__).parents[3] / "docs" / "reliability.md"
INTRODUCTION = """# Reliability

Written by `make chaos` from the run itself: real Postgres, Valkey, API and worker processes, a scripted speech engine
and language model; a client that writes down every `202` and repeats what had no clear answer with the same idempotency
key. *Lost* counts accepted smelts that did not end and completed parts whose result can't be read; *doubled* counts
smelts beyond one per key and charges beyond one per completed smelt. *Recovery* is the slowest return to work that was
seen; where nothing else is watched, from the last fault to the end of all work. A dash: not watched there.

| fault | runs | accepted | lost | doubled | slowest recovery |
|---|---|---|---|---|---|
"""
DETAILS = """
## Each run

A row is of the latest run of that fault with that seed that came to its end; `make chaos` ends in an error where one
did not, or where anything was lost or doubled.

| fault | seed | how often | accepted | lost | doubled | 503s | slowest post | slowest recovery | also measured |
|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    seed: int
    result: Result

    def line(self) -> str:
        result, verdict = self.result, self.result.verdict
        measured = "; ".join(f"{name}: {value}" for name, value in result.measured.items())
        cells = (
            *(result.name, self.seed, result.hits, verdict.accepted, verdict.lost, verdict.doubled),
            *("-" if result.refusals is None else result.refusals, _seconds(result.slowest_post, 2)),
            *(_seconds(result.recovery, 1), measured),
        )
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _seconds(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f} s"


def write(row: Row, path: Path = REPORT) -> None:
    """In place of what an earlier run saw of the same fault with the same seed; all else stays."""
    lines = {_key(line): line for line in _lines(path)}
    lines[_key(row.line())] = row.line()
    ordered = [lines[key] for key in sorted(lines, key=lambda key: key[1])]
    table = "".join(f"{line}\n" for line in ordered)
    path.write_text(INTRODUCTION + _summary(ordered) + DETAILS + table)


def _summary(lines: Sequence[str]) -> str:
    """A line for each fault, of all its runs."""
    runs: dict[str, list[list[str]]] = {}
    for line in lines:
        fault, *cells = line.strip("| ").split(" | ")
        runs.setdefault(fault, []).append(cells)
    return "".join(f"| {fault} | {_summed(cells)} |\n" for fault, cells in runs.items())


def _summed(runs: Sequence[Sequence[str]]) -> str:
    accepted, lost, doubled = (sum(int(cells[column]) for cells in runs) for column in (2, 3, 4))
    recoveries = [float(cells[7].removesuffix(" s")) for cells in runs if cells[7] != "-"]
    slowest = _seconds(max(recoveries, default=None), 1)
    return " | ".join(map(str, (len(runs), f"{accepted:,}", lost, doubled, slowest)))


def _lines(path: Path) -> list[str]:
    """The rows that are there."""
    text = path.read_text() if path.exists() else ""
    return text.partition(DETAILS)[2].splitlines()


def _key(line: str) -> tuple[str, int]:
    """Fault and seed."""
    fault, seed, *_ = line.removeprefix("| ").split(" | ")
    return fault, int(seed)
