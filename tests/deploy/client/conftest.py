"""The commands, run in this process as a user of the test's own, against the running service."""

import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.local_users import ensure_local_user, mint
from tests.support.running import RunningService
from tests.support.secrets import JWT_SECRET

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """`smelt`, with what it would find in the user's home left out. `stdin`: what it reads, which is no terminal."""
    email = f"erin-{uuid4()}@example.org"
    user = ensure_local_user(service.service.owner_url, email)
    variables = {
        "SMELT_SERVER": service.service.address,
        "SMELT_TOKEN": mint(JWT_SECRET, service.settings.jwt_audience, user, email),
        "NO_PROXY": "*",
        "HOME": "/nowhere",
    }
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)  # a command sets it: put back at the end

    def run(*arguments: object, stdin: str = "", **more: str) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments)], input=stdin, env={**variables, **more})

    return run


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.md"
    path.write_text("Ann ships on Friday. Bob writes the report.")
    return path
