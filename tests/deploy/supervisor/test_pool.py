"""A pool's processes live and die by themselves, but none outlives the process that keeps them."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from deploy.supervisor.environment import child_environment
from deploy.supervisor.pool import POOL_FAILING, POOL_READY, Readiness
from deploy.supervisor.runner import EX_CONFIG
from pipeline.logs import is_event
from pipeline.settings import Settings
from tests.faults.chaos.processes import living
from tests.support.one_cannot_run import GOODBYE, WHY
from tests.support.waiting import wait_until
from workers.pools import PROCESS_READY


@pytest.fixture
def pool(settings: Settings) -> Iterator[psutil.Process]:
    """`smelt worker transcribe` with two processes, ready."""
    two = settings.model_copy(update={"transcribe_slots": 2})
    process = subprocess.Popen(
        ["smelt", "worker", "transcribe"], env=child_environment(two), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    said: list[str] = []
    reader = threading.Thread(
        target=lambda lines: said.extend(line.rstrip("\n") for line in lines), args=(process.stdout,)
    )
    reader.start()
    try:
        wait_until(lambda: any(is_event(line, POOL_READY) for line in said), 60)
        assert len([line for line in said if is_event(line, PROCESS_READY)]) == 2
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def test_a_pool_is_ready_once_each_of_its_processes_has_been(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    readiness = Readiness(["one", "two"])
    for name, line in (
        ("one", f"7 x: {PROCESS_READY}"),
        ("one", f"8 x: {PROCESS_READY}"),  # it died and came back: the other is still to come
        ("two", f"9 x: not yet: {PROCESS_READY}, almost"),
    ):
        readiness.report(name, line)
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert caplog.messages == []
    readiness.report("two", f"9 x: {PROCESS_READY}")
    assert capsys.readouterr().out == f"9 x: {PROCESS_READY}\n"
    assert caplog.messages == [POOL_READY]


def test_a_pool_says_once_that_a_process_dies_over_and_over_before_it_is_ready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    readiness = Readiness(["one", "two"])
    readiness.report("one", f"7 x: {PROCESS_READY}")
    for deaths in range(5):
        readiness.note_deaths("one", deaths, "killed")  # it has been ready: it works in between
        readiness.note_deaths("two", min(deaths, 2), "ValueError: 1")
    assert caplog.messages == []
    for deaths in (3, 4):
        readiness.note_deaths("two", deaths, "ValueError: 2")
    assert caplog.messages == [f"{POOL_FAILING}: two died 3 times; it last said: ValueError: 2"]


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


def test_why_a_pool_cannot_run_is_the_last_that_it_says(settings: Settings) -> None:
    two = settings.model_copy(update={"transcribe_slots": 2})
    code = (
        "from deploy.supervisor.pool import run_pool\n"
        "from pipeline.settings import Settings\n"
        "from workers.notifications.queues import Queue\n"
        "run_pool(Settings(), Queue.TRANSCRIBE, module='tests.support.one_cannot_run')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env=child_environment(two), capture_output=True, text=True, check=False
    )
    assert ended.returncode == EX_CONFIG
    lines = ended.stdout.splitlines()
    assert GOODBYE in lines
    assert lines[-1] == WHY
