"""A pool's files hold what its processes count, add it up, and outlive whichever of them is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.metrics.pool_files import PoolFiles
from tests.support.scraping import Scrape

COUNTS = """
import os, signal
from pipeline.metrics import work
work.expect("deliver", 3)
work.note_claim("deliver", 0.5, 0.001)
work.under_way.labels("deliver").inc()
os.kill(os.getpid(), signal.SIGKILL)
"""


def count(files: PoolFiles, place: str, tmp_path: Path) -> None:
    """A process at that place claims once, and is killed with the work in hand."""
    (tmp_path / "counting.py").write_text(COUNTS)
    command = [sys.executable, "-m", "pipeline.metrics.counted", str(files.folder), place, "counting"]
    path = os.pathsep.join([str(Path.cwd()), str(tmp_path)])
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def files() -> PoolFiles:
    return PoolFiles()


def test_counts_of_the_dead_stay_and_what_they_had_goes(files: PoolFiles, tmp_path: Path) -> None:
    registry = CollectorRegistry()
    files.collect_into(registry)

    def told() -> Scrape:
        return Scrape(generate_latest(registry).decode())

    count(files, "one", tmp_path)
    count(files, "two", tmp_path)
    assert told().of("smelt_work_claims_total", queue="deliver") == 2
    assert told().of("smelt_work_slots", queue="deliver") == 6
    files.forget_present("one")
    assert told().of("smelt_work_slots", queue="deliver") == 3
    written = sorted(path.name for path in files.folder.iterdir())
    count(files, "one", tmp_path)  # its successor
    assert told().of("smelt_work_claims_total", queue="deliver") == 3
    assert told().of("smelt_work_wait_seconds_sum", queue="deliver") == pytest.approx(1.5)
    assert told().of("smelt_work_slots", queue="deliver") == 6
    count(files, "one", tmp_path)
    assert (
        len(list(files.folder.iterdir())) == len(written) + 1
    )  # the one that was forgotten: no more with each death
    files.close()
    assert not files.folder.exists()
