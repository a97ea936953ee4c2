"""The log of the whole service: one format, and each line says what it belongs to."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.settings.log import LogFormat
from tests.conftest import whole_service
from tests.recordings import recording
from tests.support.engines import Servers
from tests.support.running import RunningService
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

Line = dict[str, Any]


@pytest.fixture
def running(servers: Servers, migrated_template: str) -> Iterator[RunningService]:
    with whole_service(servers, migrated_template, log_format=LogFormat.JSON) as service:
        yield service


def lines(running: RunningService) -> list[Line]:
    """Fails where a process wrote anything else."""
    written = [line.partition(" | ") for line in running.log]
    return [json.loads(line) for name, _, line in written if name != "smelt"]


def test_every_process_logs_what_it_does_and_for_whom(running: RunningService) -> None:
    ada = running.cast.ada
    parts: list[tuple[str, Any]] = [
        ("files", ("talk.m4a", recording("speech.m4a"), "audio/mp4")),
        ("default_prompt_names", (None, "summarize")),
    ]
    with running.client(ada) as client:
        posted = client.post("/v1/smelts", files=parts, headers={"X-Request-Id": "mine-7"}).raise_for_status()
        smelt = running.finished(client, posted.json()["id"])
    assert smelt["status"] == "completed"

    def done() -> list[Line]:
        return [line for line in lines(running) if line["event"] == "done" and "smelt" in line]

    wait_until(lambda: len(done()) == 2)  # the commit comes before the line
    assert {line["smelt"] for line in done()} == {smelt["id"]}
    assert {(line["process"], line["part"], line["attempt"]) for line in done()} == {
        ("transcribe", smelt["files"][0]["id"], 1),
        ("synthesize", smelt["outputs"][0]["id"], 1),
    }
    [tenant] = {line["tenant"] for line in done()}
    assert str(ada.id) not in tenant
    assert all(line["seconds"] > 0 for line in done())
    [answered] = [line for line in lines(running) if line.get("request") == "mine-7"]
    told = {"event": "answered", "method": "POST", "route": "/v1/smelts", "status": 202}
    assert told.items() <= answered.items()
    processes = {"api", "transcribe", "synthesize", "deliver", "maintenance", "reconciler"}
    assert {line["process"] for line in lines(running)} == processes
    rounds = [line for line in lines(running) if line["event"] == "rounds done"]
    assert any("rescue_expired" in line and line["longest_seconds"] >= 0 for line in rounds)
    assert all({"time", "level", "pid", "logger"} <= line.keys() for line in lines(running))
