"""A process that dies is started again, and is stopped with all that it has started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.supervisor.children import spawn
from deploy.supervisor.runner import EX_CONFIG, Runner, restart_delay
from tests.support.waiting import wait_until


class Recorder:
    """A runner of one line of Python, and what it reported."""

    def __init__(self, code: str) -> None:
        self.lines: list[str] = []
        self.runner = Runner("tried", lambda: self._spawn(code), self.lines.append)

    def _spawn(self, code: str) -> subprocess.Popen[bytes]:
        return spawn([sys.executable, "-u", "-c", code], dict(os.environ))

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)


@pytest.fixture
def recorders() -> Iterator[list[Recorder]]:
    made: list[Recorder] = []
    yield made
    for recorder in made:
        recorder.runner.ask_to_stop()
        recorder.runner.kill()
        recorder.runner.finish(5)


def run(recorders: list[Recorder], code: str) -> Recorder:
    recorder = Recorder(code)
    recorders.append(recorder)
    recorder.runner.start()
    return recorder


@pytest.mark.parametrize(("deaths", "seconds"), [(1, 0.5), (2, 1.0), (3, 1.0), (10_000, 1.0)])
def test_each_death_in_a_row_doubles_the_delay_up_to_a_second(deaths: int, seconds: float) -> None:
    assert restart_delay(deaths) == seconds


def test_a_process_that_dies_is_started_again(recorders: list[Recorder], tmp_path: Path) -> None:
    once = tmp_path / "once"
    code = f"""
import pathlib, sys, time
seen = pathlib.Path({str(once)!r})
if not seen.exists():
    seen.touch()
    sys.exit(3)
print("second life")
time.sleep(60)
"""
    recorder = run(recorders, code)
    wait_until(lambda: recorder.said("second life"))
    assert recorder.said("ended with code 3")
    assert recorder.runner.deaths == 1


def test_wrong_settings_are_not_tried_again(recorders: list[Recorder]) -> None:
    recorder = run(recorders, f"import sys; print('set this'); sys.exit({EX_CONFIG})")
    wait_until(lambda: not recorder.runner.is_alive())
    assert recorder.runner.gave_up
    assert recorder.lines == ["set this"]


def test_a_stop_is_asked_for_politely_and_is_not_a_death(recorders: list[Recorder]) -> None:
    code = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(0))\nprint('up')\ntime.sleep(60)"
    recorder = run(recorders, code)
    wait_until(lambda: recorder.said("up"))
    recorder.runner.ask_to_stop()
    recorder.runner.finish(10)
    assert not recorder.runner.is_alive()
    assert recorder.lines == ["up"]


def test_what_does_not_stop_is_killed(recorders: list[Recorder]) -> None:
    recorder = run(
        recorders, "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up')\ntime.sleep(60)"
    )
    wait_until(lambda: recorder.said("up"))
    pid = recorder.runner.pid
    assert pid is not None
    recorder.runner.ask_to_stop()
    recorder.runner.finish(0.1)
    assert not psutil.pid_exists(pid)


def test_the_children_of_a_dead_process_die_before_it_is_started_again(recorders: list[Recorder]) -> None:
    code = "import subprocess, time\nc = subprocess.Popen(['sleep', '60'])\nprint('child', c.pid)\ntime.sleep(60)"
    recorder = run(recorders, code)
    wait_until(lambda: recorder.said("child"))
    child = int(recorder.lines[0].split()[1])
    assert recorder.runner.pid is not None
    os.kill(recorder.runner.pid, signal.SIGKILL)
    wait_until(lambda: recorder.said("ended with code -9"))
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
