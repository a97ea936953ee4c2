"""A client on the same machine finds the service that `smelt up` runs, and no other."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import local_service
from deploy.client.config import Config, find_config
from deploy.local_service import Announcement, LocalService, find_local_service

HERE = LocalService("http://127.0.0.1:8123", "token-1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "local.toml"


def test_it_is_found_while_it_runs_and_its_user_alone_may_read_it(file: Path) -> None:
    assert find_local_service(file) is None
    with Announcement(file) as announcement:
        announcement.write(HERE)
        assert find_local_service(file) == HERE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        announcement.write(LocalService(HERE.server, None))
        assert find_local_service(file) == LocalService(HERE.server, None)
    assert list(file.parent.iterdir()) == []


def test_what_a_killed_service_left_counts_for_nothing(file: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from deploy.local_service import Announcement, LocalService\n"
        "Announcement(Path(sys.argv[1])).write(LocalService('http://127.0.0.1:1', 'old')); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(file)], check=False, env=dict(os.environ))
    assert "old" in file.read_text()
    assert find_local_service(file) is None


def test_another_machines_service_in_a_shared_home_is_not_this_ones(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Announcement(file) as announcement:
        announcement.write(HERE)
        monkeypatch.setattr(local_service, "node", lambda: "another")
        assert find_local_service(file) is None


def test_the_latest_service_is_the_one_that_is_found(file: Path) -> None:
    with Announcement(file) as first:
        first.write(HERE)
        with Announcement(file) as second:
            second.write(LocalService("http://127.0.0.1:9", "token-2"))
            first.__exit__(None, None, None)
            assert find_local_service(file) == LocalService("http://127.0.0.1:9", "token-2")


NOWHERE = Path("/nowhere/config.toml")


def test_a_client_uses_it_unless_it_is_told_otherwise(file: Path, tmp_path: Path) -> None:
    """And its token goes to it alone."""
    assert find_config(None, None, NOWHERE, file) == Config("http://127.0.0.1:8000", None)
    config = tmp_path / "config.toml"
    config.write_text('server = "https://smelt.example"\n')
    with Announcement(file) as announcement:
        announcement.write(HERE)
        assert find_config(None, None, NOWHERE, file) == Config(HERE.server, HERE.token)
        assert find_config(HERE.server + "/", None, NOWHERE, file) == Config(HERE.server, HERE.token)
        assert find_config(None, "mine", NOWHERE, file) == Config(HERE.server, "mine")
        assert find_config("http://x", "mine", NOWHERE, tmp_path) == Config(
            "http://x", "mine"
        )  # no file to read
        assert find_config("http://other", None, NOWHERE, file) == Config("http://other", None)
        assert find_config(None, None, config, file) == Config("https://smelt.example", None)
