"""A long recording is followed while it is heard, and its worker killed in the middle: with every process at work."""

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import whole_service
from tests.recordings import REFERENCE, repeated, word_error_rate
from tests.support.engines import Servers
from tests.support.event_stream import Event, events
from tests.support.running import RunningService

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(300)]

TIMES = 60  # that the recording is said: ten minutes


@pytest.fixture(scope="module")
def running(servers: Servers, migrated_template: str) -> Iterator[RunningService]:
    with whole_service(servers, migrated_template, transcribe_slots=1, lease_seconds=3) as running:
        yield running


def kill_the_worker(running: RunningService) -> None:
    """The only one that hears long recordings."""
    with psycopg.connect(running.service.owner_url) as connection:
        [[pid]] = connection.execute("select pid from workers where queue = 'transcribe'").fetchall()
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_costs_seconds_and_who_follows_misses_nothing(running: RunningService) -> None:
    with running.client(running.cast.ada) as ada:
        posted = (
            ada.post("/v1/smelts", files={"files": ("talk.wav", repeated(TIMES))}).raise_for_status().json()
        )
        smelt_id, file_id = posted["id"], posted["files"][0]["id"]
        address, told = f"/v1/smelts/{smelt_id}/events", list[Event]()
        transcript = f"/v1/smelts/{smelt_id}/files/{file_id}/transcript"
        with events(ada, address) as stream:
            told.append(next(event for event in stream if event.name == "segment"))
            assert ada.get(transcript).json()["code"] == "not_ready"
            so_far = ada.get(transcript, params={"partial": "true", "format": "json"}).json()
            assert so_far["complete"] is False
            assert so_far["segments"][0]["text"] == told[0].data["text"]
            kill_the_worker(running)
        with events(ada, address, headers={"Last-Event-ID": str(told[0].version)}) as stream:
            told += [event for event in stream if event.name == "segment"]
        whole = ada.get(transcript, params={"format": "json"}).raise_for_status().json()

    with psycopg.connect(running.service.owner_url) as connection:
        [(attempt, kept)] = connection.execute(
            "select attempt, kept from smelt_files where id = %s", [file_id]
        )
    assert attempt == 2
    assert {1, 2} == {line[0] for line in kept}
    segments = [(each["start"], each["end"], each["text"]) for each in whole["segments"]]
    found = {
        event.data["index"]: (event.data["start"], event.data["end"], event.data["text"]) for event in told
    }
    assert [found[index] for index in range(len(segments))] == segments
    times = [time for start, end, _ in segments for time in (start, end)]
    assert times == sorted(times)
    assert word_error_rate(" ".join([REFERENCE] * TIMES), whole["text"]) <= 0.05
