"""Following a smelt: a snapshot, what changes, `done`; with Redis or without; for as long as the token opens it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import psycopg
import pytest
import redis
from httpx_sse import connect_sse
from psycopg import sql
from pydantic import SecretStr

from api.events.reader import Reader
from db.smelts.control import cancel
from db.work.claims import claim_next
from db.work.files import FILES
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.engines import PostgresServer
from tests.support.event_stream import Event, events
from tests.support.in_process_worker import do_all_work
from tests.support.secrets import JWT_SECRET
from tests.support.waiting import wait_until
from workers.notifications.redis_client import make_client

TEXT = {"texts": ["Ann ships the report on Friday."], "default_prompt_names": ["summarize", "action_items"]}
RECORDING = ("speech.wav", (Path(__file__).parent.parent.parent / "recordings" / "speech.wav").read_bytes())
NO_REDIS = SecretStr("redis://127.0.0.1:1/0")


def post(client: httpx.Client, document: dict[str, Any] = TEXT) -> str:
    return str(client.post("/v1/smelts", json=document).raise_for_status().json()["id"])


def post_recording(client: httpx.Client) -> str:
    reply = client.post("/v1/smelts", files={"files": RECORDING}, data={"default_prompt_names": "summarize"})
    return str(reply.raise_for_status().json()["id"])


def address(smelt_id: str) -> str:
    return f"/v1/smelts/{smelt_id}/events"


def take(stream: Iterator[Event], count: int) -> list[Event]:
    return [next(stream) for _ in range(count)]


def cancel_in(api: RunningApi, smelt_id: str) -> None:
    with api.services.database.service() as conn:
        cancel(conn, UUID(smelt_id))


@contextmanager
def lasting_at_most(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


@pytest.fixture
def store(redis_url: str) -> Iterator[redis.Redis]:
    with make_client(redis_url, None) as store:
        yield store


def test_a_follower_gets_a_snapshot_then_what_changes_then_done(
    api: RunningApi, ada: httpx.Client, settings: Settings
) -> None:
    smelt_id = post(ada)
    with events(ada, address(smelt_id)) as stream:
        snapshot = take(stream, 4)
        do_all_work(settings)
        rest = list(stream)

    smelt = ada.get(f"/v1/smelts/{smelt_id}").json()
    assert [event.name for event in snapshot] == ["smelt", "file", "output", "output"]
    assert "files" not in snapshot[0].data
    assert snapshot[0].data["status"] == "pending"
    assert [event.data["filename"] for event in snapshot if event.name == "file"] == [
        file["filename"] for file in smelt["files"]
    ]
    assert rest[-1].name == "done"
    assert rest[-1].data == {"status": "completed"}
    last = {(event.name, event.data.get("id")): event.data for event in rest}
    assert last["smelt", smelt_id]["status"] == "completed"
    assert [last["output", output["id"]] for output in smelt["outputs"]] == smelt["outputs"]
    versions = [event.version for event in (*snapshot, *rest)]
    assert versions == sorted(versions)
    assert versions[-1] == smelt["version"]


def test_who_comes_back_after_the_end_gets_it_all_again_and_done(
    ada: httpx.Client, settings: Settings, subtests: pytest.Subtests
) -> None:
    """Whatever the client says that it knows: the version, one to come, none at all."""
    smelt_id = post(ada)
    with events(ada, address(smelt_id)) as stream:
        seen = next(stream).version
    do_all_work(settings)
    last = ada.get(f"/v1/smelts/{smelt_id}").json()["version"]
    whole = [("smelt", last), ("file", last), ("output", last), ("output", last), ("done", last)]
    for known in (seen, last, last + 1, 10**30, -1, "", "no number", "\N{SNOWMAN}".encode()):
        header = known if isinstance(known, bytes) else str(known).encode()
        with (
            subtests.test(known=known),
            events(ada, address(smelt_id), headers={b"Last-Event-ID": header}) as stream,
        ):
            assert [(event.name, event.version) for event in stream] == whole


def test_who_comes_back_in_between_gets_a_snapshot_and_then_only_what_is_new(
    api: RunningApi, ada: httpx.Client, subtests: pytest.Subtests
) -> None:
    for ahead in (-1, 0, 1_000):
        smelt_id = post(ada)
        version = ada.get(f"/v1/smelts/{smelt_id}").json()["version"]
        headers = {"Last-Event-ID": str(version + ahead)}
        with subtests.test(ahead=ahead), events(ada, address(smelt_id), headers=headers) as stream:
            snapshot = take(stream, 4)
            assert [(event.name, event.version) for event in snapshot] == [
                (name, version) for name in ("smelt", "file", "output", "output")
            ]
            cancel_in(api, smelt_id)
            rest = list(stream)
        assert [event.name for event in rest] == [
            "smelt",
            "output",
            "output",
            "done",
        ]  # the file had completed
        assert all(event.version > version for event in rest)


def test_the_place_in_the_queue_is_told_while_a_recording_waits(
    api: RunningApi, ada: httpx.Client, bob: httpx.Client
) -> None:
    post_recording(bob)
    smelt_id = post_recording(ada)
    with events(ada, address(smelt_id)) as stream:
        place = [event.data["queue_position"] for event in take(stream, 3) if event.name == "file"]
        with api.services.database.service() as conn:
            assert claim_next(conn, FILES, 30) is not None  # Bob's: it came first
        moved = next(stream)
    assert place == [2]
    assert (moved.name, moved.data["queue_position"]) == ("file", 1)


def test_without_redis_a_change_is_seen_within_two_seconds(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"redis_url": NO_REDIS})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        smelt_id = post(ada)
        with events(ada, address(smelt_id)) as stream:
            take(stream, 4)
            with lasting_at_most(2.0):
                cancel_in(api, smelt_id)
                assert list(stream)[-1].name == "done"
        ticket = ada.post(address(smelt_id) + "/ticket")
        assert (ticket.status_code, ticket.json()["code"]) == (503, "unavailable")
        assert ada.get(address(smelt_id), params={"ticket": "any"}).status_code == 503


def test_a_stream_outlives_an_outage_of_postgres(
    api: RunningApi,
    ada: httpx.Client,
    postgres: PostgresServer,
    database_name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    smelt_id = post(ada)
    name = sql.Identifier(database_name)
    with (
        psycopg.connect(postgres.owner_url("postgres"), autocommit=True) as owner,
        events(ada, address(smelt_id)) as stream,
    ):
        take(stream, 4)
        owner.execute(sql.SQL("alter database {} allow_connections false").format(name))
        owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (database_name,)
        )
        wait_until(lambda: "followed smelts: the database is out of reach" in caplog.text)
        owner.execute(sql.SQL("alter database {} allow_connections true").format(name))
        cancel_in(api, smelt_id)
        assert list(stream)[-1].data == {"status": "canceled"}


def test_a_silent_stream_gives_signs_of_life(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"heartbeat_seconds": 0.05})) as api,
        api.client(cast.ada.headers) as ada,
        events(ada, address(post(ada))) as stream,
    ):
        take(stream, 4)
        assert [event.name for event in take(stream, 3)] == ["", "", ""]


def test_the_stream_ends_with_the_sign_in(api: RunningApi, cast: Cast, ada: httpx.Client) -> None:
    smelt_id = post(ada)
    claims = jwt.decode(cast.ada.token, options={"verify_signature": False})
    claims["exp"] = datetime.now(UTC) + timedelta(seconds=1)
    headers = {"Authorization": f"Bearer {jwt.encode(claims, JWT_SECRET, algorithm='HS256')}"}
    with lasting_at_most(10), events(ada, address(smelt_id), headers=headers) as stream:
        assert [event.name for event in stream if event.data] == ["smelt", "file", "output", "output"]


def test_the_stream_ends_when_its_machine_token_is_revoked(api: RunningApi, ada: httpx.Client) -> None:
    smelt_id = post(ada)
    made = ada.post("/v1/tokens", json={"name": "batch"}).json()
    with (
        api.client({"Authorization": f"Bearer {made['token']}"}) as machine,
        lasting_at_most(10),
        events(machine, address(smelt_id)) as stream,
    ):
        take(stream, 4)
        assert ada.delete(f"/v1/tokens/{made['id']}").status_code == 204
        assert list(stream) == []


def test_the_stream_ends_when_the_smelt_is_deleted(ada: httpx.Client) -> None:
    smelt_id = post(ada)
    with lasting_at_most(10), events(ada, address(smelt_id)) as stream:
        take(stream, 4)
        assert ada.delete(f"/v1/smelts/{smelt_id}").status_code == 204
        assert {event.name for event in stream} <= {"smelt", "file", "output", "done"}
    assert ada.get(address(smelt_id)).status_code == 404


def test_a_visitor_follows_their_own_smelt_and_nobody_anothers(
    api: RunningApi, visitor: httpx.Client, bob: httpx.Client
) -> None:
    smelt = visitor.post("/v1/smelts", json={**TEXT, "default_prompt_names": ["summarize"]}).json()
    token = {"Authorization": f"Bearer {smelt['access_token']}"}
    with events(visitor, address(smelt["id"]), headers=token) as stream:
        assert next(stream).data["id"] == smelt["id"]
    others = post(bob)
    for client, smelt_id, headers in (
        (visitor, others, {}),
        (visitor, others, token),
        (visitor, smelt["id"], {}),
        (bob, smelt["id"], {}),
    ):
        for reply in (
            client.get(address(smelt_id), headers=headers),
            client.post(address(smelt_id) + "/ticket", headers=headers),
        ):
            assert reply.status_code == 404


def test_a_ticket_opens_one_smelts_events_once_and_not_for_long(
    api: RunningApi, ada: httpx.Client, visitor: httpx.Client, store: redis.Redis
) -> None:
    smelt_id, other = post(ada), post(ada)
    reply = ada.post(address(smelt_id) + "/ticket")
    assert (reply.status_code, reply.headers["Cache-Control"]) == (201, "no-store")
    left = datetime.fromisoformat(reply.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    kept = list(store.scan_iter(f"{api.settings.redis_namespace}:ticket:*"))
    assert [0 < store.ttl(key) <= 60 for key in kept] == [True]
    assert reply.json()["ticket"].encode() not in b"".join(kept)

    ticket = {"ticket": reply.json()["ticket"]}
    with events(visitor, address(smelt_id), params=ticket) as stream:
        assert len(take(stream, 4)) == 4
    assert visitor.get(address(smelt_id), params=ticket).status_code == 401
    assert visitor.get(f"/v1/smelts/{smelt_id}", params=ticket).status_code == 404

    elsewhere = {"ticket": ada.post(address(smelt_id) + "/ticket").json()["ticket"]}
    assert visitor.get(address(other), params=elsewhere).status_code == 401
    assert visitor.get(address(smelt_id), params=elsewhere).status_code == 401


def test_a_ticket_ends_with_the_token_that_it_was_given_for(
    api: RunningApi, ada: httpx.Client, visitor: httpx.Client, cast: Cast
) -> None:
    smelt_id = post(ada)
    claims = jwt.decode(cast.ada.token, options={"verify_signature": False})
    ends = datetime.now(UTC) + timedelta(seconds=1)
    claims["exp"] = ends
    short = {"Authorization": f"Bearer {jwt.encode(claims, JWT_SECRET, algorithm='HS256')}"}
    by_sign_in = visitor.post(address(smelt_id) + "/ticket", headers=short).json()["ticket"]
    made = ada.post("/v1/tokens", json={"name": "batch"}).json()
    machine = {"Authorization": f"Bearer {made['token']}"}
    by_machine = visitor.post(address(smelt_id) + "/ticket", headers=machine).json()["ticket"]
    ada.delete(f"/v1/tokens/{made['id']}")
    wait_until(lambda: datetime.now(UTC) > ends)
    for ticket in (by_sign_in, by_machine):
        assert visitor.get(address(smelt_id), params={"ticket": ticket}).status_code == 401


def test_an_error_that_nobody_foresaw_ends_no_stream(
    api: RunningApi, ada: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    versions = Reader.versions

    def look(reader: Reader, names: list[str]) -> object:
        looks.append(names)
        if len(looks) < 3:
            raise RuntimeError
        return versions(reader, names)

    monkeypatch.setattr(Reader, "versions", look)
    smelt_id = post(ada)
    with lasting_at_most(15), events(ada, address(smelt_id)) as stream:
        take(stream, 4)
        wait_until(lambda: len(looks) > 3, 10)
        cancel_in(api, smelt_id)
        assert list(stream)[-1].data == {"status": "canceled"}


def test_no_sign_of_life_is_taken_for_an_event(settings: Settings, cast: Cast) -> None:
    """Neither by the letter of the standard nor by clients that end an event at every empty line."""
    with (
        running(settings.model_copy(update={"heartbeat_seconds": 0.05})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        smelt_id = post(ada)
        with connect_sse(ada, "GET", address(smelt_id)) as source:
            told = source.iter_sse()
            seen = [next(told) for _ in range(4)]
            time.sleep(0.3)
            cancel_in(api, smelt_id)
            seen += list(told)
    assert {each.event for each in seen} == {"smelt", "file", "output", "done"}
    assert all(json.loads(each.data) for each in seen)


def test_a_service_that_stops_ends_its_streams(settings: Settings, cast: Cast) -> None:
    with lasting_at_most(8), running(settings) as api, api.client(cast.ada.headers) as ada:
        stream = ada.send(ada.build_request("GET", address(post(ada))), stream=True)
        assert stream.status_code == 200
        api._server.should_exit = True
        assert b"event: smelt" in stream.read()
