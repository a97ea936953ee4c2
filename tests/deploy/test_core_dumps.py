"""No process of the service leaves its memory behind when it crashes, or shows it to another of its user's."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.supervisor.environment import child_environment
from pipeline.settings import Settings
from tests.deploy.supervisor.test_service import folder
from tests.faults.chaos.processes import command
from tests.support.running_up import Up
from tests.support.waiting import wait_until

__all__ = ["folder"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere cores are only limited")

PR_CAPBSET_DROP, CAP_SYS_PTRACE = 24, 19
NO_CORES = "Max core file size        0                    0"
# Reading the link asks for the same rights as reading the memory.
READER = """
import os, sys
def readable(pid):
    try:
        return bool(os.readlink(f"/proc/{pid}/exe"))
    except PermissionError:
        return False
print(*(pid for pid in sys.argv[1:] if readable(pid)))
"""


def as_if_cores_were_wanted() -> None:
    """In a child before it starts its program. Root may read everything: without this right it is as other users."""
    unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited))
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)


def readable(processes: list[psutil.Process]) -> set[int]:
    """Those that another process of the same user can look into."""
    answer = subprocess.run(
        [sys.executable, "-c", READER, *(str(process.pid) for process in processes)],
        preexec_fn=as_if_cores_were_wanted,
        capture_output=True,
        text=True,
        check=True,
    )
    return {int(pid) for pid in answer.stdout.split()}


def makes_cores(place: Path) -> bool:
    """Whether an abort here leaves a file, so that its absence says something."""
    ended = subprocess.run(
        [sys.executable, "-c", "import os; os.abort()"],
        cwd=place,
        preexec_fn=as_if_cores_were_wanted,
        check=False,
    )
    assert ended.returncode == -signal.SIGABRT
    cores = list(place.glob("core*"))
    for core in cores:
        core.unlink()
    return bool(cores)


def test_no_process_can_be_dumped_or_looked_into(folder: Path) -> None:
    up = Up(folder, cwd=folder.parent, preexec_fn=as_if_cores_were_wanted)
    try:
        up.wait_until_ready()
        wait_until(lambda: any("speech.child" in " ".join(command(each)) for each in up.family()))
        processes = [psutil.Process(up.process.pid), *up.family()]
        engines = [each for each in processes if each.name() in ("postgres", "valkey-server")]
        ours = [each for each in processes if each not in engines]
        assert len(ours) >= 11  # up, the API, the reconciler, four pools with a worker each
        speech = [each for each in ours if "speech.child" in " ".join(command(each))]
        # It is sent keys and content only after it has closed itself
        wait_until(lambda: not readable(speech))
        for each in processes:
            assert NO_CORES in Path(f"/proc/{each.pid}/limits").read_text(), command(each)
        seen = readable(processes)
        assert {each.pid for each in engines if each.name() == "valkey-server"} <= seen  # so it would be seen
        assert [command(each) for each in ours if each.pid in seen] == []

        if makes_cores(folder.parent):
            roots = {each.cwd() for each in ours}
            for each in reversed(ours):
                each.send_signal(signal.SIGABRT)
            wait_until(lambda: not any(each.is_running() and each.status() != "zombie" for each in processes))
            assert [core for root in roots for core in Path(root).glob("core*")] == []
    finally:
        up.close()


def test_a_program_that_is_not_ours_inherits_that_it_leaves_no_memory() -> None:
    """As Postgres and Valkey, whoever starts them."""
    starter = (
        "import os, sys; from deploy.supervisor.children import spawn\n"
        "spawn(['cat', '/proc/self/limits', '/proc/self/coredump_filter'], os.environ, output=1).wait()\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", starter],
        preexec_fn=as_if_cores_were_wanted,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert NO_CORES in told
    assert told.splitlines()[-1] == "00000000"


@pytest.mark.parametrize(
    "start",
    [
        "from api.main import main; main()",
        "from workers.reconciler.loop import main; main()",
        "from workers.pools.process import Queue, main; main(Queue.MAINTENANCE)",
    ],
    ids=["API", "reconciler", "worker"],
)
def test_where_it_can_not_be_done_each_process_says_so_at_its_start(
    settings: Settings, tmp_path: Path, start: str
) -> None:
    """As where a system lacks the calls: there the program goes on, and its operator knows."""
    lacking = (
        "import resource\n"
        "from pipeline.processes import privacy\n"
        "def refuse(*_): raise OSError\n"
        "resource.setrlimit = refuse\n"
        "privacy.sys = type('Other', (), {'platform': 'other'})\n"
    )
    said = tmp_path / "said"
    with (
        said.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-c", lacking + start], env=child_environment(settings), stdout=output
        ) as process,
    ):
        try:
            wait_until(lambda: "can't keep the memory" in said.read_text(), 60)
        finally:
            process.kill()
    assert "core files can't be limited (OSError)" in said.read_text()
    assert "can't refuse to be dumped" in said.read_text()


def test_a_command_that_holds_secrets_for_a_moment_is_private_too() -> None:
    """`smelt keys rotate`, `smelt migrate` and all others: stopped before the first of them begins, and looked into."""
    program = (
        "import os, signal; from deploy.cli import main as cli\n"
        "cli.app = lambda: os.kill(os.getpid(), signal.SIGSTOP)\n"
        "cli.main()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], preexec_fn=as_if_cores_were_wanted)
    try:
        stopped = psutil.Process(process.pid)
        wait_until(lambda: stopped.status() == psutil.STATUS_STOPPED)
        assert NO_CORES in Path(f"/proc/{process.pid}/limits").read_text()
        assert readable([stopped]) == set()
    finally:
        process.kill()
        process.wait()
