"""A newcomer's first hour: the README's commands in its order, in a fresh copy of the project, with nothing installed.

It installs every package anew, by pip's own settings. Alone: `pytest -m exhaustive tests/docs`.
"""

import os
import re
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.docs.conftest import ROOT
from tests.support.running_up import READY
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(1_200)]

MINUTES = 60.0
READY_LINE = r"^export SMELT_SERVER=\S+ SMELT_TOKEN=\S+$"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")


@pytest.fixture
def machine() -> Iterator[Path]:
    """A folder that holds what a clone does, and an empty home."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    with TemporaryDirectory(prefix="smelt-fresh-", dir="/tmp") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        for file in listed.splitlines():
            (folder / "smelt" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / "smelt" / file)
        yield folder


@pytest.fixture
def environment(machine: Path) -> dict[str, str]:
    """What a new user's shell has; pip's settings say where its packages come from. Any port, as 8000 may be taken."""
    kept = {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith("PIP_")}
    return {**kept, "HOME": str(machine / "home"), "SMELT_PORT": "0"}


def section(title: str) -> str:
    """What the README says below a heading."""
    text = (ROOT / "README.md").read_text()
    [body] = re.findall(rf"^## {title}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    return str(body)


def commands(title: str) -> list[str]:
    """The section's indented lines that are alone between empty ones, and tell of nothing that is printed."""
    found = re.findall(r"(?<=\n\n)    (\S.*)\n(?=\n)", section(title))
    return [command for command in found if not command.endswith(":")]


def test_the_readme_is_followed_as_it_is_written(machine: Path, environment: dict[str, str]) -> None:
    project = machine / "smelt"
    [demo] = commands("Try it")
    [own] = re.findall(r"`(make demo .*)`", section("Try it"))
    start, submit, submit_with_speakers = commands("Your own files")
    [get_speakers] = re.findall(r"`(make speakers)`", section("Your own files"))

    shown = run(demo, project, environment)
    printed = re.findall(r"^    (?!make )(.*[^…\n])$", section("Try it"), re.MULTILINE)
    assert len(printed) > 4
    assert [line for line in printed if line not in shown.splitlines()] == []

    shutil.copy(project / "deploy" / "demo" / "meeting.m4a", project / "talk.m4a")
    (project / "notes.md").write_text("Zoe must call the printer by Friday.\n")
    assert "Zoe must call the printer" in run(own, project, environment).partition("# Action items")[2]

    with (machine / "printed").open("w") as output:
        up = subprocess.Popen(
            ["bash", "-c", start],
            cwd=project,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: up.poll() is not None or ready(machine), 3 * MINUTES)
        assert ready(machine), (machine / "printed").read_text()
        run(submit, project, environment)
        run(get_speakers, project, environment)
        run(submit_with_speakers, project, environment)
        [line] = re.findall(READY_LINE, (machine / "printed").read_text(), re.MULTILINE)
        stranger = {**environment, "HOME": str(machine)}
        assert "tier\tlocal" in run(f"{line}; .venv/bin/smelt usage", project, stranger)
    finally:
        os.killpg(up.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
        up.wait(MINUTES)
    with zipfile.ZipFile(project / "notes.zip") as archive:
        assert archive.namelist() == ["summarize.md"]
    assert re.findall("^S[12]: ", (project / "meeting.txt").read_text(), re.MULTILINE)[:2] == ["S1: ", "S2: "]
    assert "stopped" in (machine / "printed").read_text()
    assert (project / "data").is_dir()


def ready(machine: Path) -> bool:
    return re.search(READY, (machine / "printed").read_text(), re.MULTILINE) is not None


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euc", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=15 * MINUTES,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
