"""`make test-upgrade`: exits with 1 where anything was lost or doubled, or there is no release to upgrade from."""

import argparse
import sys

from tests.faults.chaos.report import Row
from tests.faults.upgrade.previous import NoPrevious
from tests.faults.upgrade.scenario import upgrade


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="ref", help="a tag or commit; the newest tag unless told")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        row = Row(arguments.seed, upgrade(arguments.seed, arguments.ref))
    except NoPrevious as reason:
        sys.exit(f"NOT RUN: {reason}")
    print(row.line(), flush=True)
    if not row.result.verdict.holds:
        sys.exit("a promise was broken")


if __name__ == "__main__":
    main()
