"""The service as its users start it: whole, and stopped in every way."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest
from pydantic import SecretStr

from deploy.local_service import LocalService, find_local_service
from deploy.problems import ServiceFailed, SettingsIncomplete
from deploy.supervisor.processes import COMMANDS
from deploy.supervisor.service import Service
from pipeline.settings import Settings
from tests.conftest import make_settings
from tests.faults.chaos.processes import command, living
from tests.support.running import RunningService
from tests.support.running_up import Up
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as name:
        yield Path(name) / "data"


def wait_until_gone(processes: list[psutil.Process], within: float = 20.0) -> None:
    """Fails with the commands of those that are left."""
    try:
        wait_until(lambda: not living(processes), within)
    except AssertionError:
        raise AssertionError([" ".join(command(process)) for process in living(processes)]) from None


def check_served(address: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    profile = httpx.get(f"{address}/v1/profile", headers=headers, trust_env=False, timeout=30)
    assert profile.status_code == 200
    assert profile.json()["tier"] == "local"


def test_nothing_outlives_a_killed_up_and_the_next_one_carries_on_until_ctrl_c(folder: Path) -> None:
    """Each serves with the token that it prints, and is found by its user's client for as long as it runs."""
    noted = folder.parent / ".config" / "smelt" / "local.toml"
    up = Up(folder)
    try:
        address, token = up.wait_until_ready()
        check_served(address, token)
        assert find_local_service(noted) == LocalService(address, token)
        secrets = (folder / "secrets.env").read_text()
        family = up.family()
        assert len(family) >= 7  # two engines, five processes
        up.process.kill()
        wait_until_gone(family, within=40)  # a pool has its grace of 20 s, and 12 s to give work back
        assert noted.exists()
        assert find_local_service(noted) is None
    finally:
        up.close()
    again = Up(folder)
    try:
        check_served(*again.wait_until_ready())
        assert (folder / "secrets.env").read_text() == secrets
        family = again.family()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0
        assert not noted.exists()
        wait_until_gone(family)
    finally:
        again.close()


def test_asked_to_stop_while_it_starts_it_leaves_nothing_behind(folder: Path) -> None:
    up = Up(folder)
    try:
        wait_until(lambda: "schema up to date" in up.text, 60)
        family = up.family()
        assert family
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(60) == 0, up.text
        wait_until_gone(family)
    finally:
        up.close()


def test_a_port_that_is_taken_is_told_before_anything_is_started(folder: Path) -> None:
    """The other service would answer in its place, and `up` would call itself ready."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(data_dir=folder, port=other.getsockname()[1])
        with pytest.raises(SettingsIncomplete, match="SMELT_PORT"):
            Service(settings, print).start()
    assert not folder.exists()


def test_it_is_not_called_ready_where_the_speech_model_cannot_be_loaded(
    settings: Settings, owner_url: str
) -> None:
    log: list[str] = []
    broken = settings.model_copy(
        update={"whisper_model": "no-such-model", "migration_database_url": SecretStr(owner_url)}
    )
    service = Service(
        broken,
        lambda name, line: log.append(f"{name} | {line}"),
        isolated=True,
        commands={name: COMMANDS[name] for name in ("api", "transcribe")},
    )
    with pytest.raises(ServiceFailed, match=r"transcribe can't run.*'no-such-model' can't be loaded"):
        service.start()
    assert any("Set SMELT_WHISPER_MODEL" in line for line in log)


def test_where_a_worker_dies_over_and_over_before_it_is_ready_the_start_ends_and_says_why(
    settings: Settings, owner_url: str
) -> None:
    pool = [
        sys.executable,
        "-m",
        "tests.faults.chaos.scripted_pool",
        "worker",
        "no_such_module",
        "transcribe",
    ]
    service = Service(
        settings.model_copy(update={"migration_database_url": SecretStr(owner_url)}),
        lambda _name, _line: None,
        isolated=True,
        commands={"api": COMMANDS["api"], "transcribe": pool},
    )
    with pytest.raises(ServiceFailed, match=r"transcribe: .*transcribe\w*-[01] died 3 times.*no_such_module"):
        service.start()


def test_a_process_that_dies_comes_back(service: RunningService) -> None:
    processes = service.service._processes
    assert processes is not None
    reconciler = processes.runners["reconciler"]
    before = reconciler.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: reconciler.pid not in (None, before) and psutil.pid_exists(reconciler.pid or 0))


def test_the_service_turns_texts_into_markdown(service: RunningService) -> None:
    with service.client(service.cast.ada) as client:
        body = {"texts": ["Alice will send the report by Friday."], "default_prompt_names": ["action_items"]}
        posted = client.post("/v1/smelts", json=body)
        assert posted.status_code == 202, posted.text
        smelt = service.finished(client, posted.json()["id"])
        assert smelt["status"] == "completed"
        url = f"/v1/smelts/{smelt['id']}/outputs/{smelt['outputs'][0]['id']}"
        assert "Alice will send the report by Friday" in client.get(url).text


def test_each_process_of_a_machine_has_a_metrics_port_of_its_own(tmp_path: Path) -> None:
    service = Service(make_settings(tmp_path, metrics_port=9100), lambda _name, _line: None)
    ports = {name: service._environment_of(name)["SMELT_METRICS_PORT"] for name in COMMANDS}
    assert ports == {name: str(9100 + place) for place, name in enumerate(COMMANDS)}
    assert ports["api"] == "9100"
    without = Service(make_settings(tmp_path), lambda _name, _line: None)
    assert "SMELT_METRICS_PORT" not in without._environment_of("deliver")
