"""`make chaos`: every scenario at full size with three seeds, half an hour each; the report is docs/reliability.md."""

import argparse
import time
import traceback

from tests.faults.chaos import report
from tests.faults.chaos.report import Row
from tests.faults.chaos.scenario import Scenario
from tests.faults.chaos.scenarios import SCENARIOS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--short", action="store_true", help="in ten minutes; writes no report")
    parser.add_argument("--only", nargs="+", default=[], help="scenarios by name")
    arguments = parser.parse_args()
    broken = [
        f"{scenario.__name__} with seed {seed}"
        for seed in arguments.seeds
        for scenario in SCENARIOS
        if (not arguments.only or scenario.__name__ in arguments.only)
        and not holds(scenario, seed, full=not arguments.short)
    ]
    if broken:
        raise SystemExit(f"a promise was broken: {', '.join(broken)}")


def holds(scenario: Scenario, seed: int, *, full: bool) -> bool:
    """Whether all that it promises held; in the full form, the report tells of it."""
    started = time.monotonic()
    try:
        row = Row(seed, scenario(seed, full))
    except Exception:  # noqa: BLE001 - whatever it was: it is shown, the others are run, and the end is an error
        traceback.print_exc()
        return False
    print(f"{row.line()}  ({time.monotonic() - started:.0f} s)", flush=True)
    if full:
        report.write(row)
    return row.result.verdict.holds


if __name__ == "__main__":
    main()
