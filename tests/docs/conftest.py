"""A reader who does what the pages say."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from deploy.local_users import ensure_local_user, mint
from tests.support.running import RunningService
from tests.support.secrets import JWT_SECRET

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "demo"
PROGRAMS = {"python3": "", "smelt": "-c 'from deploy.cli.main import main; main()' "}


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page that are in that language."""
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """`folder` is like the project's, with the demo's files at hand; `environment` has what `smelt up` prints."""

    folder: Path
    environment: Mapping[str, str]
    http: httpx.Client

    def run(self, *command: str) -> str:
        """What it prints. Fails the test where the command fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture
def reader(service: RunningService, tmp_path: Path) -> Iterator[Reader]:
    email = f"dora-{uuid4()}@example.org"
    user = ensure_local_user(service.service.owner_url, email)
    token = mint(JWT_SECRET, service.settings.jwt_audience, user, email)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    for file in ("meeting.m4a", "notes.md"):
        (tmp_path / file).symlink_to(DEMO / file)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {arguments}"$@"\n')
        (programs / name).chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "NO_PROXY": "*",
        "SMELT_SERVER": service.service.address,
        "SMELT_TOKEN": token,
    }
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=service.service.address, headers=headers, trust_env=False) as http:
        yield Reader(tmp_path, environment, http)
