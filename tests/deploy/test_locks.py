"""What is installed in production: what the service needs, pinned as in development, and nothing for tests alone."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    found = PIN.findall((ROOT / lock).read_text())
    assert found
    return dict(found)


def named(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {name[0].lower().replace("_", "-") for name in names if name}


def test_production_has_what_the_service_needs_and_no_package_of_another_extra() -> None:
    installed = set(pins("requirements-production.lock"))
    assert named(PROJECT["dependencies"]) <= installed
    assert named(PROJECT["optional-dependencies"]["otel"]) <= installed  # an image can be told to trace
    also_needed = {"psutil", "pyyaml"}  # by the embedded Postgres, and by CTranslate2
    for extra in ("dev", "demo", "evaluate", "speakers"):
        only_there = named(PROJECT["optional-dependencies"][extra]) - also_needed
        assert only_there
        assert only_there & installed == set()


def test_production_runs_on_what_was_tested() -> None:
    tested, installed = pins("requirements.lock"), pins("requirements-production.lock")
    assert installed.items() <= tested.items()
    assert len(installed) < len(tested)


def test_each_package_is_known_by_its_hashes_and_no_index_is_named() -> None:
    for lock in ("requirements.lock", "requirements-production.lock"):
        text = (ROOT / lock).read_text()
        assert "--index" not in text
        assert "--find-links" not in text
        for block in re.split(r"\n(?=\S)", text):
            if PIN.match(block):
                assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_client_by_itself_is_of_the_services_version_and_needs_nothing_that_the_service_lacks() -> None:
    """The service's wheel holds the client too: as the same code, with what it needs."""
    client = tomllib.loads((ROOT / "smelt_client" / "pyproject.toml").read_text())["project"]
    assert client["version"] == PROJECT["version"]
    assert client["requires-python"] == PROJECT["requires-python"]
    both = named(client["dependencies"]) & named(PROJECT["dependencies"])
    stated = {line for line in PROJECT["dependencies"] if named([line]) <= both}
    assert stated <= set(client["dependencies"])
    assert named(client["dependencies"]) <= set(pins("requirements-production.lock"))
