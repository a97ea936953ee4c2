"""`make chaos`: every scenario at full size with three seeds, an hour and a half; the report is docs/reliability.md."""

import argparse
import time
from collections.abc import Collection, Sequence

from tests.chaos import report
from tests.chaos.report import Row
from tests.chaos.scenarios import SCENARIOS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--short", action="store_true", help="the form that `make test` runs; writes no report"
    )
    parser.add_argument("--only", nargs="+", default=[], help="scenarios by name; writes no report")
    arguments = parser.parse_args()
    rows = run(arguments.seeds, not arguments.short, arguments.only)
    if not arguments.short and not arguments.only:
        report.write(rows)
    if not all(row.result.verdict.holds for row in rows):
        raise SystemExit("a promise was broken: see the rows above")


def run(seeds: Sequence[int], full: bool, only: Collection[str]) -> list[Row]:
    rows = []
    for seed in seeds:
        for scenario in SCENARIOS:
            if only and scenario.__name__ not in only:
                continue
            started = time.monotonic()
            rows.append(Row(seed, scenario(seed, full)))
            print(f"{rows[-1].line()}  ({time.monotonic() - started:.0f} s)", flush=True)
    return rows


if __name__ == "__main__":
    main()
