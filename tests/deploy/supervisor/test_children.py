"""A child ends with its starter, runs as whom it should, and inherits what it is given alone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.supervisor.children import LAUNCHER, spawn
from deploy.supervisor.launch import CANNOT_START
from tests.support.waiting import wait_until

# Starts a child, prints its number, and sleeps. `watch`: as on systems whose kernel has no death signal.
STARTER = """
import json, os, subprocess, sys, time
options = {"parent": os.getpid(), "signal": 15, "user": None, "reach": False, "watch": %r}
command = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
subprocess.Popen([sys.executable, "-I", "-S", %r, json.dumps(options), *command])
time.sleep(60)
"""


PROBE = """
import os, sys
for number in sys.argv[1:]:
    try:
        os.fstat(int(number))
        print("open")
    except OSError:
        print("closed")
"""


@pytest.mark.parametrize("watch", [False, True], ids=["by the kernel", "by watching"])
def test_a_child_ends_when_its_starter_is_killed(*, watch: bool) -> None:
    command = [sys.executable, "-c", STARTER % (watch, str(LAUNCHER))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        child = psutil.Process(int(starter.stdout.readline()))
        assert child.is_running()
        starter.kill()
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_watched_child_gets_the_signals_of_its_watcher() -> None:
    options = {"parent": os.getpid(), "signal": 15, "user": None, "reach": False, "watch": True}
    program = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(7))\nprint(flush=True)\ntime.sleep(9)"
    command = [sys.executable, str(LAUNCHER), json.dumps(options), sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout is not None
        watcher.stdout.readline()
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(10) == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a program as somebody else")
@pytest.mark.parametrize("reach", [True, False])
def test_another_account_finds_what_lies_in_a_closed_folder(tmp_path: Path, *, reach: bool) -> None:
    """By access(2), as initdb looks for the programs beside it: the kernel has a rule of its own for that."""
    (tmp_path / "closed").mkdir(mode=0o700)
    program = tmp_path / "closed" / "program"
    program.touch(mode=0o755)
    options = {"parent": os.getpid(), "signal": 15, "user": "nobody", "reach": reach}
    look = [
        sys.executable,
        "-c",
        "import os, sys; sys.exit(not os.access(sys.argv[1], os.X_OK))",
        str(program),
    ]
    command = [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(options), *look]
    found = subprocess.run(command, check=False).returncode == 0
    assert found == reach


def test_a_program_that_is_not_there_is_told() -> None:
    child = spawn(["no-such-program"], {"PATH": os.defpath})
    output, _ = child.communicate(timeout=10)
    assert child.returncode == CANNOT_START
    assert b"no-such-program could not be started" in output


def test_only_named_descriptors_are_inherited(tmp_path: Path) -> None:
    with (tmp_path / "kept").open("w") as kept, (tmp_path / "other").open("w") as other:
        os.set_inheritable(other.fileno(), True)
        numbers = [str(kept.fileno()), str(other.fileno())]
        child = spawn([sys.executable, "-c", PROBE, *numbers], dict(os.environ), keep_open=[kept.fileno()])
        output, _ = child.communicate(timeout=10)
    assert output.split() == [b"open", b"closed"]
