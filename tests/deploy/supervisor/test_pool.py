"""A pool's processes live and die by themselves, but none outlives the process that keeps them."""

import signal
import subprocess
import threading
from collections.abc import Iterator

import psutil
import pytest

from deploy.supervisor.environment import child_environment
from pipeline.settings import Settings
from tests.faults.chaos.processes import living
from tests.support.waiting import wait_until


@pytest.fixture
def pool(settings: Settings) -> Iterator[psutil.Process]:
    """`smelt worker transcribe` with two processes, ready."""
    two = settings.model_copy(update={"transcribe_slots": 2})
    process = subprocess.Popen(
        ["smelt", "worker", "transcribe"], env=child_environment(two), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    ready: list[str] = []
    reader = threading.Thread(
        target=lambda lines: ready.extend(line for line in lines if "ready" in line), args=(process.stdout,)
    )
    reader.start()
    try:
        wait_until(lambda: len(ready) == 2, 60)
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def test_the_death_of_one_process_stops_no_other_and_is_made_good(pool: psutil.Process) -> None:
    victim, other = pool.children()
    victim.kill()

    wait_until(lambda: victim not in pool.children() and len(living(pool.children())) == 2)
    assert other in living(pool.children())


def test_no_process_outlives_the_one_that_keeps_them(pool: psutil.Process) -> None:
    below = pool.children(recursive=True)
    assert len(below) == 4  # each with its speech process
    pool.kill()

    wait_until(lambda: not living(below), 30)


def test_asked_to_stop_it_ends_in_good_order(pool: psutil.Process) -> None:
    below = pool.children(recursive=True)
    pool.send_signal(signal.SIGTERM)

    wait_until(lambda: not living([pool]), 30)
    assert not living(below)
