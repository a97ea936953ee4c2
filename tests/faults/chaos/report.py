"""docs/reliability.md, from the run itself."""

from dataclasses import dataclass
from pathlib import Path

from tests.faults.chaos.scenario import Result

REPORT = Path(__file__).parents[3] / "docs" / "reliability.md"
HEAD = """# Reliability

Written by `make chaos` from the run itself: real Postgres, Valkey, API and worker processes, a scripted speech engine
and language model; a client that writes down every `202` and repeats what had no clear answer with the same idempotency
key. *Lost* counts accepted smelts that did not end and completed parts whose result can't be read; *doubled* counts
smelts beyond one per key and charges beyond one per completed smelt. *Recovery* is the slowest return to work that was
seen; where nothing else is watched, from the last fault to the end of all work. A dash: not watched there. Each row is
of the latest run of that fault with that seed that came to its end; `make chaos` ends in an error where one did not, or
where anything was lost or doubled.

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
    path.write_text(HEAD + "".join(f"{lines[key]}\n" for key in sorted(lines, key=lambda key: key[1])))


def _lines(path: Path) -> list[str]:
    """The rows that are there."""
    text = path.read_text() if path.exists() else ""
    return text.removeprefix(HEAD).splitlines() if text.startswith(HEAD) else []


def _key(line: str) -> tuple[str, int]:
    """Fault and seed."""
    fault, seed, *_ = line.removeprefix("| ").split(" | ")
    return fault, int(seed)
