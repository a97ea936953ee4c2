"""What `pip install` of the built wheel gives: the service, the demo and the client, without the repository."""

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.recordings import FOLDER
from tests.support.running_up import Up

ROOT = Path(__file__).parent.parent.parent
# What the client needs; everything else that Smelt requires is the server's.
OF_THE_CLIENT = {"anyio", "h11", "httpx2", "pydantic", "rich", "typer"}
# Of the other folders the client knows what goes over the wire, and nothing of the server.
ON_THE_WIRE = {
    "api.http.filename",
    "api.schemas.account",
    "api.schemas.library",
    "api.schemas.smelts",
    "pipeline.states",
}


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A virtual environment with Smelt from its wheel; its dependencies are those of this one."""
    with TemporaryDirectory(prefix="smelt-wheel-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", name)
        (wheel,) = folder.glob("*.whl")
        venv = folder / "venv"
        run(sys.executable, "-m", "venv", str(venv))
        python = str(venv / "bin" / "python")
        run(python, "-m", "pip", "--isolated", "install", "--no-index", "--no-deps", str(wheel))
        own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        paths = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
        Path(own, "dependencies.pth").write_text("\n".join(paths))
        assert run(python, "-c", "import deploy; print(deploy.__file__)", cwd=folder).startswith(own)
        yield venv


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=own_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def test_it_holds_every_file_of_the_packages(installed: Path) -> None:
    (site,) = installed.glob("lib/python*/site-packages")
    packages = ("api", "db", "deploy", "pipeline", "smelt_client", "workers")
    missing = [
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not (site / path.relative_to(ROOT)).exists()
    ]
    assert missing == []


def test_it_holds_no_speech_model(installed: Path) -> None:
    """That of the tests is for them alone, and that of the demo is a package of its own."""
    (site,) = installed.glob("lib/python*/site-packages")
    assert [path for path in site.rglob("*") if path.name == "model.bin" or "speech_model" in path.name] == []


@pytest.mark.exhaustive  # what it shows is seen in tests/deploy/demo
def test_the_demo_takes_files_of_the_users(installed: Path, tmp_path: Path) -> None:
    """Of several it shows what they give together."""
    note = tmp_path / "my note.md"
    note.write_text("# Plan\n\n- [ ] Zoe must call the printer by Friday.\n")
    shown = run(
        str(installed / "bin" / "smelt"), "demo", str(FOLDER / "speech.m4a"), "my note.md", cwd=tmp_path
    )
    assert "combine: " in shown
    assert "separate: " not in shown
    assert "What was heard in speech.m4a:" in shown
    assert "Zoe must call the printer" in shown.partition("# Action items")[2]


@pytest.mark.exhaustive  # that it does from a checkout is seen in tests/deploy/supervisor
def test_the_service_comes_up_and_ends(installed: Path) -> None:
    with TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as folder:
        up = Up(Path(folder) / "data", [str(installed / "bin" / "smelt")], cwd=folder)
        try:
            up.wait_until_ready()
            processes = {process.cmdline()[-1] for process in up.family()}
            assert {"api", "reconciler", "transcribe", "synthesize", "deliver", "maintenance"} <= processes
            up.process.send_signal(signal.SIGTERM)
            assert up.process.wait(60) == 0
        finally:
            up.close()


@pytest.mark.parametrize(
    "module", ["deploy.client.client", "deploy.client.app", "deploy.client.results", "deploy.client.watching"]
)
def test_the_client_imports_nothing_of_the_server(installed: Path, module: str, tmp_path: Path) -> None:
    loaded = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    modules = set(json.loads(run(str(installed / "bin" / "python"), "-c", loaded, cwd=tmp_path)))
    ours = {name for name in modules if name.split(".")[0] in ("api", "db", "pipeline", "workers")}
    assert ours - {"api", "api.http", "api.schemas", "pipeline"} <= ON_THE_WIRE
    assert of_the_server() & {name.split(".")[0] for name in modules} == set()


def of_the_server() -> set[str]:
    """Top-level modules of the packages that Smelt requires and the client doesn't."""
    wanted = {
        re.split(r"[^A-Za-z0-9-]", line)[0] for line in requires("smelt") or () if "extra ==" not in line
    }
    theirs = wanted - OF_THE_CLIENT
    assert {"fastapi", "sqlalchemy", "dramatiq"} <= theirs
    by_rich = {"markdown_it"}  # which the client does require
    return {name for name, packages in packages_distributions().items() if theirs & set(packages)} - by_rich
