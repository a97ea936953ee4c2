"""`pip install` of the client's own wheel, in an environment that has nothing of the service, and its five lines."""

import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from tests.support.running import RunningService

pytestmark = pytest.mark.exhaustive

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "smelt_client"
README = PACKAGE / "README.md"
DEMO = ROOT / "deploy" / "demo"


def run(*command: str, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=cwd, env={**environment, "NO_PROXY": "*"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a virtual environment with the wheel, and of all else only what the wheel declares."""
    folder = tmp_path_factory.mktemp("client")
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", str(folder), "./smelt_client", cwd=ROOT)
    [wheel] = folder.glob("smelt_client-*.whl")
    venv = folder / "venv"
    run(sys.executable, "-m", "venv", str(venv), cwd=folder)
    python = str(venv / "bin" / "python")
    run(python, "-m", "pip", "--isolated", "install", "--no-index", "--no-deps", str(wheel), cwd=folder)
    [site] = venv.glob("lib/python*/site-packages")
    declared = run(
        python,
        "-c",
        "from importlib.metadata import requires; print(*requires('smelt-client'), sep=chr(10))",
        cwd=folder,
    )
    _link({_name(line) for line in declared.splitlines()}, site)
    return python


def _link(names: set[str], site: Path) -> None:
    """These packages of our own environment, and what they need in turn; what isn't here is for other platforms."""
    known: set[str] = set()
    while names - known:
        name = min(names - known)
        known.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        names |= {_name(line) for line in package.requires or () if "extra ==" not in line}
        for file in package.files or ():
            top = Path(sysconfig.get_path("purelib"), file.parts[0])
            if file.parts[0] != ".." and top.exists() and not (site / top.name).exists():
                (site / top.name).symlink_to(top)


def _name(line: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", line)
    assert found, line
    return found[0]


def test_it_holds_the_client_and_its_types_alone(python: str, tmp_path: Path) -> None:
    where = "import smelt_client, os; print(*os.listdir(os.path.dirname(smelt_client.__file__)))"
    there = set(run(python, "-c", where, cwd=tmp_path).split()) - {"__pycache__"}
    assert there == {path.name for path in PACKAGE.iterdir() if path.suffix == ".py"} | {"py.typed"}


def test_it_needs_nothing_of_the_service(python: str, tmp_path: Path) -> None:
    tried = "import smelt_client, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(run(python, "-c", tried, cwd=tmp_path).split())
    assert (
        loaded & {"api", "db", "deploy", "pipeline", "workers", "fastapi", "sqlalchemy", "typer", "rich"}
        == set()
    )


def test_the_five_lines_of_its_readme_work(python: str, service: RunningService) -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", README.read_text(), re.MULTILINE)
    [block] = [block for block in blocks if "from smelt_client import" in block]
    lines = [line.removeprefix("    ") for line in block.splitlines() if line.strip()]
    assert len(lines) == 5
    program = "\n".join(lines)
    for placeholder, value in (
        ("http://127.0.0.1:8000", service.service.address),
        ("…", service.cast.ada.token),
    ):
        assert placeholder in program
        program = program.replace(placeholder, value)
    assert run(python, "-c", program, cwd=DEMO).startswith("completed # ")
