"""docs/reliability.md, from the run itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.scenario import Result

REPORT = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
HEAD = """# Reliability

Written by `make chaos` from the run itself: real Postgres, Valkey, API and worker processes, a scripted speech engine
and language model; a client that writes down every `202` and repeats what had no clear answer with the same idempotency
key. *Lost* counts accepted smelts that did not end and completed parts whose result can't be read; *doubled* counts
smelts beyond one per key and charges beyond one per completed smelt. *Recovery* is the slowest return to work that was
seen; where nothing else is watched, from the last fault to the end of all work. A dash: not watched there.

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


def write(rows: Sequence[Row], path: Path = REPORT) -> None:
    """In place of what earlier runs saw with these seeds; what they saw with others stays."""
    seeds = {row.seed for row in rows}
    lines = [line for line in _lines(path) if _seed(line) not in seeds] + [row.line() for row in rows]
    path.write_text(HEAD + "".join(f"{line}\n" for line in sorted(lines, key=_seed)))


def _lines(path: Path) -> list[str]:
    """The rows that are there."""
    text = path.read_text() if path.exists() else ""
    return text.removeprefix(HEAD).splitlines() if text.startswith(HEAD) else []


def _seed(line: str) -> int:
    return int(line.split(" | ")[1])
