"""`make chaos`: every scenario at full size with three seeds; the report goes to docs/reliability.md."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.scenarios import FULL, SCENARIOS, SHORT, Result, Size

REPORT = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
HEAD = """# Reliability

Written by `make chaos` from the run itself: real Postgres, Valkey, API and worker processes; a client that writes down
every `202` and repeats what had no clear answer with the same idempotency key. *Lost* counts accepted smelts that did
not end and completed parts whose result can't be read; *doubled* counts smelts beyond one per key and charges beyond
one per completed smelt. *Recovery* is from the last fault to the end of all work.

| fault | seed | how often | accepted | lost | doubled | 503s | slowest answered post | recovery |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--short", action="store_true", help="a few smelts each; writes no report")
    arguments = parser.parse_args()
    results = run(arguments.seeds, SHORT if arguments.short else FULL)
    if not arguments.short:
        REPORT.write_text(HEAD + "".join(f"{_row(seed, result)}\n" for seed, result in results))
    if not all(result.verdict.holds for _, result in results):
        raise SystemExit("a promise was broken: see the rows above")


def run(seeds: Sequence[int], size: Size) -> list[tuple[int, Result]]:
    results = []
    for seed in seeds:
        for scenario in SCENARIOS:
            started = time.monotonic()
            result = scenario(seed, size)
            print(f"{_row(seed, result)}  ({time.monotonic() - started:.0f} s)", flush=True)
            results.append((seed, result))
    return results


def _row(seed: int, result: Result) -> str:
    verdict = result.verdict
    cells = (
        *(result.name, seed, result.hits, verdict.accepted, verdict.lost, verdict.doubled),
        *(result.refusals, f"{result.slowest_post:.2f} s", f"{result.recovery:.1f} s"),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
