"""`make test-backends`: the matrix, row by row. Exits with 1 where tests failed, and where a CI lacks a server."""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.backends import postgres, redis_servers, stores
from tests.backends.backend import ROOT, Backend, NotReachable, Running, program
from tests.support import pooler

ON_POSTGRES = (
    *pooler.TESTS[1:],
    "tests/db/test_schema.py",
    "tests/db/test_policies.py",
    "tests/db/test_monitor.py",
)
ON_REDIS = (
    *("tests/workers/notifications", "tests/api/auth/test_rate.py", "tests/api/events"),
    *("tests/workers/pools/test_short_slot.py", "tests/workers/reconciler"),
)
ON_STORES = (
    *("tests/pipeline/content/test_content.py", "tests/api/smelts/test_post.py"),
    *("tests/api/smelts/test_results.py", "tests/api/smelts/test_control.py"),
    *("tests/workers/reconciler", "tests/docs/test_client_pages.py"),
    # These look into the folder
    "--deselect=tests/api/smelts/test_post.py::test_nothing_that_was_sent_lies_on_disk_in_the_clear",
    "--deselect=tests/api/smelts/test_results.py::test_deleted_content_is_gone",
    "--deselect=tests/api/smelts/test_results.py::test_content_that_was_changed_is_told_of",
)
SUMMARY = re.compile(r"(\d+ (?:passed|failed|error).*) in \d")


@contextmanager
def _pooled(folder: Path) -> Iterator[Running]:
    found = program("pgbouncer")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    with postgres.debian_15(folder) as running:
        yield Running(f"{said.split(chr(10))[0]}, Postgres {running.version}", running.environment)


MATRIX = (
    Backend("Postgres 15", postgres.debian_15, ON_POSTGRES),
    Backend("Postgres 16", postgres.wheel_16, ON_POSTGRES),
    Backend("Postgres 18", postgres.wheel_18, ON_POSTGRES),
    Backend("Postgres 15, TLS", postgres.debian_15_tls, ON_POSTGRES),
    Backend("PgBouncer, transactions", _pooled, (), ("-m", "tests.support.pooler")),
    Backend("Redis 7, TLS and password", redis_servers.redis_7_tls, ON_REDIS),
    Backend("Valkey, password", redis_servers.valkey, ON_REDIS),
    Backend("Valkey, sentinels", redis_servers.sentinels, ON_REDIS),
    Backend("S3, moto", stores.moto, ON_STORES),
    Backend("S3, s3rver", stores.s3rver, ON_STORES),
    Backend("Azure, Azurite", stores.azurite, ON_STORES),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], help="rows whose names begin so")
    chosen = parser.parse_args().only
    rows = [row for row in MATRIX if not chosen or any(row.name.startswith(name) for name in chosen)]
    lines, sound = [], True
    for row in rows:
        print(f"\n== {row.name}", flush=True)
        line, passed = _run(row)
        lines.append(line)
        sound = sound and passed
    print("\n" + "\n".join(lines))
    if not sound:
        sys.exit(1)


def _run(row: Backend) -> tuple[str, bool]:
    """A line for the table, and whether it may stand."""
    began = time.monotonic()
    try:
        with (
            TemporaryDirectory(prefix="smelt-backend-", dir="/tmp") as name,
            row.start(Path(name)) as running,
        ):
            passed, summary = _tests(row, running)
            said, rest = "passed" if passed else "FAILED", f"{running.version}; {summary}"
    except NotReachable as reason:
        passed, said, rest = not os.environ.get("CI"), "NOT RUN", str(reason)
    return f"{said:<8}{row.name:<28}{time.monotonic() - began:>5.0f} s  {rest}", passed


def _tests(row: Backend, running: Running) -> tuple[bool, str]:
    """Whether all passed, and pytest's own count of them; what it says is shown as it comes."""
    command = [sys.executable, *row.command, *row.tests]
    environment = {**os.environ, **running.environment}
    summary = "no test was run"
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        for line in tests.stdout:
            print(line, end="", flush=True)
            if found := SUMMARY.match(line):
                summary = found[1]
    return tests.returncode == 0, summary


if __name__ == "__main__":
    main()
