"""Unique text is planted in every kind of input, and then looked for everywhere it must not be."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import redis
from psycopg import sql

from deploy.supervisor.service import Service
from tests.conftest import FEW_PROCESSES, make_settings
from tests.recordings import recording, repeated
from tests.support.cast import make_cast
from tests.support.event_stream import events
from tests.support.llm_server import STEPS, Call, LlmServer, Step
from tests.support.llm_server import running as running_llm
from tests.support.running import RunningService
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

SPOKEN = "bob will review the contract"  # in the recording, which has no unique words


@dataclass(frozen=True)
class Harness:
    running: RunningService
    folder: Path
    llm: LlmServer
    began: float


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    """A service with engines of its own, so that everything it ever wrote lies below one folder."""
    began = time.time()
    with (
        TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as folder,
        running_llm() as llm,
    ):
        settings = make_settings(
            Path(folder),
            llm_base_url=llm.url,
            database_url=None,
            redis_url=None,
            weekly_credits=50,
            synthesize_slots=1,
            synthesize_short_slots=0,  # the one slot is what a queued smelt waits for
            **FEW_PROCESSES,
        )
        log: list[str] = []
        with Service(
            settings, lambda process, line: log.append(f"{process} | {line}"), isolated=True
        ) as service:
            running = RunningService(service, make_cast(service.owner_url, service.settings), log)
            yield Harness(running, Path(folder), llm, began)


def canary() -> str:
    return f"canary{uuid4().hex}"


def post(client: httpx.Client, text: str, vocabulary: str) -> str:
    parts: list[tuple[str, Any]] = [
        ("files", ("notes.md", f"# Notes\n\nAlice saw the {text}.\n".encode(), "text/markdown")),
        ("files", ("talk.m4a", recording("speech.m4a"), "audio/mp4")),
        ("texts", (None, f"Bob heard the {text} too.")),
        ("vocabulary", (None, vocabulary)),
        ("default_prompt_names", (None, "summarize")),
    ]
    return str(client.post("/v1/smelts", files=parts).raise_for_status().json()["id"])


def found_in_tables(harness: Harness, needles: Sequence[str]) -> list[str]:
    found = []
    with psycopg.connect(harness.running.service.owner_url, autocommit=True) as connection:
        connection.execute("checkpoint")  # what is in buffers goes to disk, where the next search looks
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 10
        for schema, table in tables:
            query = sql.SQL("select t::text from {} t").format(sql.Identifier(schema, table))
            for (row,) in connection.execute(query):
                found += [f"{schema}.{table}" for needle in needles if needle in row]
    return found


def found_in_redis(harness: Harness, needles: Sequence[str]) -> list[str]:
    client = redis.Redis.from_url(harness.running.settings.need("redis_url"))
    with client:
        dumps = [(key, client.dump(key) or b"") for key in client.scan_iter()]
    return [key.decode() for key, dump in dumps for needle in needles if needle.encode() in key + dump]


def found_in_files(
    folder: Path, needles: Sequence[str], since: float = 0.0, but: Path | None = None
) -> list[str]:
    """Every readable file below the folder, engines' data, logs and sockets' neighbours included; not below `but`."""
    found, encoded = [], [needle.encode() for needle in needles]
    for root, folders, names in os.walk(folder, onerror=lambda _: None):
        folders[:] = [name for name in folders if Path(root, name) != but]
        for path in (Path(root) / name for name in names):
            try:
                if not path.is_file() or path.is_symlink() or path.stat().st_mtime < since:
                    continue
                data = path.read_bytes()
            except (FileNotFoundError, PermissionError):
                continue  # another program's, or gone since it was listed
            found += [str(path) for needle in encoded if needle in data]
    return found


def found_anywhere(harness: Harness, planted: list[str], needles: tuple[str, ...] = ()) -> list[str]:
    """`planted` is unique in the world, so it is looked for in the machine's temporary files as well."""
    needles = (*needles, *planted)
    return [
        *found_in_tables(harness, needles),
        *found_in_redis(harness, needles),
        *(line for line in harness.running.log for needle in needles if needle in line),
        *found_in_files(harness.folder, needles),
        *found_in_files(Path(gettempdir()), planted, since=harness.began),
    ]


def found_of_deleted_rows(harness: Harness, needles: Sequence[str]) -> list[str]:
    """What stood in rows is looked for everywhere but in Postgres's own files: there a row that is deleted stays until
    its room is used again.
    """
    postgres = harness.folder / "data" / "postgres"
    assert postgres.is_dir()
    return [
        *found_in_tables(harness, needles),
        *found_in_redis(harness, needles),
        *(line for line in harness.running.log for needle in needles if needle in line),
        *found_in_files(harness.folder, needles, but=postgres),
    ]


def objects_of(harness: Harness, smelt_ids: Sequence[str]) -> list[Path]:
    return [
        path
        for path in (harness.folder / "content").rglob("*")
        if path.is_file() and any(smelt_id in str(path) for smelt_id in smelt_ids)
    ]


@dataclass(frozen=True)
class Planted:
    """Smelts in every state, with canaries in all that was sent: `content` in inputs, `rows` in names and titles."""

    smelts: dict[str, str]  # by state
    content: list[str]
    rows: list[str]
    call: Call  # the one that the running smelt waits for


def plant(harness: Harness, client: httpx.Client) -> Planted:
    """One smelt of each state; the running one waits for the model and holds the only slot."""
    content, rows = [canary() for _ in range(3)], [canary() for _ in range(2)]
    text, vocabulary, instructions = content
    filename, title = rows
    prompt = client.post("/v1/prompts", json={"title": title, "body": f"Rhyme it: {instructions}."})
    smelts: dict[str, str] = {}

    def post_as(state: str) -> None:
        parts: list[tuple[str, Any]] = [
            ("files", (f"{filename}.md", f"Alice saw the {text}.".encode(), "text/markdown")),
            ("files", (f"{filename}.m4a", recording("speech.m4a"), "audio/mp4")),
            ("vocabulary", (None, vocabulary)),
            ("mode", (None, "combine")),
            ("user_prompt_id", (None, prompt.raise_for_status().json()["id"])),
        ]
        smelts[state] = client.post("/v1/smelts", files=parts).raise_for_status().json()["id"]

    running = harness.running
    post_as("finished")
    assert running.finished(client, smelts["finished"])["status"] == "completed"
    harness.llm.script.append(Step(stall_after=1))
    called = len(harness.llm.calls)
    post_as("running")
    wait_until(lambda: len(harness.llm.calls) > called)
    post_as("queued")
    wait_until(
        lambda: client.get(f"/v1/smelts/{smelts['queued']}").json()["outputs"][0]["status"] == "pending",
        within=60,  # its recording is heard first, on a machine that may be busy
    )
    assert instructions in harness.llm.calls[-1].text
    assert text in harness.llm.calls[-1].text
    stored = [path for path in objects_of(harness, list(smelts.values())) if ".heard." not in path.name]
    assert (
        len(stored) == 3 * 5 + 1
    )  # inputs, transcript, two extras; a result; what was heard is there if it took long
    return Planted(smelts, content, rows, harness.llm.calls[-1])


def test_the_search_finds_what_is_there(harness: Harness, tmp_path: Path) -> None:
    """Else the others prove nothing."""
    text = canary()
    (tmp_path / "leak").write_text(f"some {text} here")
    with psycopg.connect(harness.running.service.owner_url, autocommit=True) as connection:
        connection.execute(
            "insert into schedule_runs (id, job, period) values (gen_random_uuid(), %s, now())", [text]
        )
        assert found_in_tables(harness, [text]) == ["public.schedule_runs"]
        connection.execute("delete from schedule_runs where job = %s", [text])
    with redis.Redis.from_url(harness.running.settings.need("redis_url")) as client:
        client.set("leak", text)
        assert found_in_redis(harness, [text]) == ["leak"]
        client.delete("leak")
    assert found_in_files(tmp_path, [text]) == [str(tmp_path / "leak")]


def test_content_is_nowhere_in_the_clear(harness: Harness) -> None:
    text, vocabulary = canary(), canary()
    running = harness.running
    with running.client(running.cast.ada) as client:
        smelt_id = post(client, text, vocabulary)
        smelt = running.finished(client, smelt_id)
        assert smelt["status"] == "completed", smelt
        outputs = client.get(f"/v1/smelts/{smelt_id}/outputs", headers={"Accept": "text/markdown"}).text
        transcript = client.get(
            f"/v1/smelts/{smelt_id}/files/{smelt['files'][1]['id']}/transcript", params={"format": "txt"}
        ).text

    assert text in outputs  # it went all the way, so there was something to leak
    assert SPOKEN in transcript
    assert found_anywhere(harness, [text, vocabulary], (SPOKEN,)) == []


def test_what_is_heard_is_nowhere_in_the_clear_while_it_is_heard(harness: Harness) -> None:
    """It is kept, told and read meanwhile; and deleted with the rest."""
    running = harness.running
    with running.client(running.cast.ada) as client:
        posted = (
            client.post("/v1/smelts", files={"files": ("talk.wav", repeated(200))}).raise_for_status().json()
        )
        smelt_id, file_id = posted["id"], posted["files"][0]["id"]
        with events(client, f"/v1/smelts/{smelt_id}/events") as stream:
            said = [str(next(each for each in stream if each.name == "segment").data["text"])]
            partial = client.get(
                f"/v1/smelts/{smelt_id}/files/{file_id}/transcript", params={"partial": "true"}
            ).raise_for_status()
            assert SPOKEN in partial.text
            found = found_anywhere(harness, [], (SPOKEN, *said))
            assert any(".heard." in path.name for path in objects_of(harness, [smelt_id]))
            assert client.get(f"/v1/smelts/{smelt_id}").json()["status"] == "transcribing"
        client.delete(f"/v1/smelts/{smelt_id}").raise_for_status()
    assert found == []
    wait_until(lambda: objects_of(harness, [smelt_id]) == [])
    assert found_anywhere(harness, [], (SPOKEN, *said)) == []


def test_names_of_speakers_are_nowhere_in_the_clear(harness: Harness) -> None:
    name, running = canary(), harness.running
    sent = {"files": ("call.wav", recording("stereo.wav"))}
    with running.client(running.cast.ada) as client:
        smelt = running.finished(
            client,
            client.post("/v1/smelts", files=sent, data={"channels": "separate"})
            .raise_for_status()
            .json()["id"],
        )
        file = f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}"
        client.put(f"{file}/speakers", json={"S1": name}).raise_for_status()
        assert client.get(f"{file}/transcript").text.startswith(f"{name}: ")
    assert found_anywhere(harness, [name], ()) == []


def test_content_of_refused_and_failed_inputs_is_nowhere_either(harness: Harness) -> None:
    text = canary()
    running = harness.running
    with running.client(running.cast.ada) as client:
        refused = client.post(
            "/v1/smelts",
            files=[
                ("files", ("notes.md", f"the {text}".encode(), "text/markdown")),
                ("files", ("talk.mp3", f"no sound, just {text}".encode(), "audio/mpeg")),
                ("default_prompt_names", (None, "summarize")),
            ],
        )
        assert refused.status_code == 415
        assert text not in refused.text
        harness.llm.script.append(STEPS["filtered"])
        failed = client.post(
            "/v1/smelts", json={"texts": [f"Alice saw the {text}."], "default_prompt_names": ["summarize"]}
        ).raise_for_status()
        assert running.finished(client, failed.json()["id"])["status"] == "failed"

    assert found_anywhere(harness, [text]) == []


@pytest.mark.parametrize("what", ["", "/content"], ids=["smelt", "content"])
def test_after_a_delete_nothing_is_left_whatever_state_it_was_in(harness: Harness, what: str) -> None:
    """Finished, running or queued; the prompt is the user's own and stays. With its content alone deleted a smelt keeps
    its names.
    """
    with harness.running.client(harness.running.cast.ada) as client:
        planted = plant(harness, client)
        for state in ("queued", "running", "finished"):
            reply = client.delete(f"/v1/smelts/{planted.smelts[state]}{what}").raise_for_status()
            assert not what or reply.json()["objects_deleted"] >= 5
        assert planted.call.left.wait(30)  # the worker has heard of it
        prompts = client.get("/v1/prompts").json()["items"]
        client.delete(f"/v1/prompts/{prompts[-1]['id']}").raise_for_status()
        statuses = [client.get(f"/v1/smelts/{each}").status_code for each in planted.smelts.values()]
    assert statuses == [200 if what else 404] * 3
    text, vocabulary, instructions = planted.content
    assert objects_of(harness, list(planted.smelts.values())) == []
    assert found_anywhere(harness, [text, vocabulary], (SPOKEN,)) == []
    assert found_of_deleted_rows(harness, [instructions]) == []
    names = found_of_deleted_rows(harness, planted.rows)
    assert set(names) == ({"public.smelt_files"} if what else set())


def test_after_an_account_is_deleted_nothing_is_left(harness: Harness) -> None:
    with harness.running.client(harness.running.cast.bob) as client:
        planted = plant(harness, client)
        client.delete("/v1/account").raise_for_status()
    assert planted.call.left.wait(30)
    text, vocabulary, instructions = planted.content
    assert objects_of(harness, list(planted.smelts.values())) == []
    assert found_anywhere(harness, [text, vocabulary], (SPOKEN,)) == []
    assert found_of_deleted_rows(harness, [instructions, *planted.rows, harness.running.cast.bob.email]) == []
