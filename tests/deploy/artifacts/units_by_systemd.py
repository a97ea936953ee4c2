"""The units, read by systemd itself: `make check-deploy`. It needs Debian's package, and fails without."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.artifacts import UNITS
from workers.pools.slots import POOLS

UNITS_OF_THE_SYSTEM = Path("/usr/lib/systemd/system")
OWN = ("smelt-api", "smelt-reconciler", "smelt-migrate", *(f"smelt-worker@{pool}" for pool in POOLS))
MOST_EXPOSED = 2.0  # of 10, by systemd's count


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine on which the units lie as docs/deploying.md puts them, with the GPU's drop-in."""
    if shutil.which("systemd-analyze") is None or not UNITS_OF_THE_SYSTEM.is_dir():
        pytest.fail("systemd-analyze is missing: on Debian `apt-get install systemd`")
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    for unit in UNITS.glob("*.service"):
        shutil.copy(unit, folder)
    shutil.copytree(UNITS / "smelt-.service.d", folder / "smelt-.service.d")
    shutil.copytree(UNITS / "gpu", folder / "smelt-worker@transcribe.service.d")
    shutil.copytree(
        UNITS_OF_THE_SYSTEM, tmp_path / "usr/lib/systemd/system", symlinks=True, ignore_dangling_symlinks=True
    )
    program = tmp_path / "opt/smelt/bin/smelt"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def analyze(machine: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", f"--root={machine}", *command], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("unit", OWN)
def test_each_unit_is_sound(machine: Path, unit: str) -> None:
    assert analyze(machine, "verify", "--man=no", f"{unit}.service") == (0, "")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("RemoveIPC=yes", "RemoveIPCs=yes"),
        ("TimeoutStopSec=45", "TimeoutStopSec=forty"),
        ("SystemCallFilter=@system-service", "SystemCallFilter=@system-servant"),
    ],
)
def test_an_unsound_line_is_noticed(machine: Path, line: str, wrong: str) -> None:
    path = machine / "etc/systemd/system/smelt-.service.d/50-smelt.conf"
    path.write_text(path.read_text().replace(line, wrong))
    _, said = analyze(machine, "verify", "--man=no", "smelt-api.service")
    assert "50-smelt.conf" in said


def test_another_program_is_noticed(machine: Path) -> None:
    (machine / "opt/smelt/bin/smelt").unlink()
    code, said = analyze(machine, "verify", "--man=no", "smelt-api.service")
    assert (code, "/opt/smelt/bin/smelt" in said) == (1, True)


@pytest.mark.parametrize("unit", OWN)
def test_each_unit_is_confined(machine: Path, unit: str) -> None:
    _, said = analyze(machine, "security", "--offline=true", f"{unit}.service")
    (exposed,) = re.findall(r"Overall exposure level for \S+: (\d+\.\d+)", said)
    assert float(exposed) < MOST_EXPOSED, said


def test_the_gpu_s_drop_in_is_read_last(machine: Path) -> None:
    for pool, alone in (("transcribe", False), ("synthesize", True)):
        _, said = analyze(machine, "security", "--offline=true", f"smelt-worker@{pool}.service")
        assert re.search(rf"{'✓' if alone else '✗'} PrivateDevices=", said), said


def test_the_user_is_made(machine: Path) -> None:
    made = subprocess.run(
        ["systemd-sysusers", "--dry-run", f"--root={machine}", UNITS / "smelt.sysusers"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, "Creating user 'smelt'" in made.stderr) == (0, True)
