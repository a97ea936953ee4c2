"""`smelt watch`: whose token goes where, and what is printed."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.client import watching
from deploy.local_service import Announcement, LocalService


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.excepthook", None)  # a command sets it: put back at the end


@pytest.mark.parametrize(("later", "renewed"), [("http://127.0.0.1:1", True), ("http://127.0.0.1:2", False)])
def test_a_new_token_is_taken_for_the_same_service_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str, *, renewed: bool
) -> None:
    """Another service that `smelt up` runs since is found without being told, and its token is its own."""
    seen: list[bool] = []
    with Announcement(tmp_path / ".config" / "smelt" / "local.toml") as announcement:
        announcement.write(LocalService("http://127.0.0.1:1", "first"))

        def watched(watcher: watching.Watcher, *, once: bool) -> None:
            announcement.write(LocalService(later, "second"))
            seen.append(watcher._renew())
            seen.append(watcher._client._http.headers["Authorization"] == "Bearer second")

        monkeypatch.setattr(watching.Watcher, "watch", watched)
        folder = tmp_path / "in"
        folder.mkdir()
        environment = {"HOME": str(tmp_path), "SMELT_SERVER": "", "SMELT_TOKEN": "", "NO_PROXY": "*"}
        answer = CliRunner().invoke(app, ["watch", str(folder)], env=environment)
    assert answer.exit_code == 0, answer.output
    assert seen == [renewed, renewed]


def test_a_line_is_a_line_whatever_a_file_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(watcher: watching.Watcher, *, once: bool) -> None:
        watcher._tell("sent", os.fsdecode(b"two\nlines\tcaf\xe9.md"), "id")

    monkeypatch.setattr(watching.Watcher, "watch", watched)
    environment = {"HOME": "/nowhere", "SMELT_SERVER": "http://127.0.0.1:1", "SMELT_TOKEN": "token"}
    answer = CliRunner().invoke(app, ["watch", str(tmp_path), "--once"], env=environment)
    assert answer.stdout == "sent\ttwo\ufffdlines\ufffdcaf\ufffd.md\tid\n"
