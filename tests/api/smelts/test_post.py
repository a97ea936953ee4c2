"""`POST /v1/smelts`, where all is well."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from db.smelts.content_keys import get_content_key
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast

RECORDINGS = Path(__file__).parent.parent.parent / "recordings"
SUMMARIZE = {"default_prompt_names": "summarize"}


def stored(api: RunningApi, smelt_id: str, row_id: str, kind: Kind) -> bytes:
    """The content of one object, opened the way that a worker does."""
    smelt = UUID(smelt_id)
    with api.services.database.service() as conn:
        wrapped = get_content_key(conn, smelt)
    assert wrapped is not None
    key = api.services.keyring.unwrap(wrapped, smelt_context(smelt))
    return api.services.content.get(ObjectName(smelt, UUID(row_id), kind), key)


def test_a_visitor_posts_a_text_and_gets_a_token_that_opens_it(
    api: RunningApi, visitor: httpx.Client
) -> None:
    reply = visitor.post("/v1/smelts", json={"texts": ["Ann ships."], "default_prompt_names": ["summarize"]})
    assert reply.status_code == 202
    smelt = reply.json()
    assert reply.headers["Location"] == f"/v1/smelts/{smelt['id']}"
    assert (smelt["tier"], smelt["mode"], smelt["status"]) == ("anonymous", "separate", "pending")
    assert smelt["created_at"].endswith("Z")
    token = {"Authorization": f"Bearer {smelt.pop('access_token')}"}
    assert visitor.get(reply.headers["Location"]).status_code == 404
    read = visitor.get(reply.headers["Location"], headers=token)
    assert read.status_code == 200
    assert read.json() == smelt


def test_a_user_posts_recordings_and_texts_in_one_form(api: RunningApi, ada: httpx.Client) -> None:
    recording = (RECORDINGS / "speech.mp3").read_bytes()
    reply = ada.post(
        "/v1/smelts",
        data={"mode": "combine", "default_prompt_names": ["summarize", "action_items"], "language": "en"},
        files=[
            ("files", ("meeting.mp3", recording, "audio/mpeg")),
            ("files", ("notes.md", "# Notes\n\nÄpfel", "text/markdown")),
            ("texts", (None, "pasted")),
        ],
    )
    assert reply.status_code == 202, reply.text
    smelt = reply.json()
    assert smelt["access_token"] is None
    assert [(file["filename"], file["input_type"], file["size_bytes"]) for file in smelt["files"]] == [
        ("meeting.mp3", "audio", len(recording)),
        ("notes.md", "text", 15),
        ("text-3.txt", "text", 6),
    ]
    assert [output["default_prompt_name"] for output in smelt["outputs"]] == ["summarize", "action_items"]
    assert stored(api, smelt["id"], smelt["files"][0]["id"], Kind.INPUT) == recording
    assert stored(api, smelt["id"], smelt["files"][1]["id"], Kind.INPUT).decode() == "# Notes\n\nÄpfel"


def test_fields_may_come_after_and_between_the_files(ada: httpx.Client) -> None:
    parts: list[tuple[str, tuple[str | None, str]]] = [
        ("files", ("a.txt", "one")),
        ("default_prompt_names", (None, "summarize")),
        ("files", ("b.txt", "two")),
        ("mode", (None, "combine")),
    ]
    reply = ada.post("/v1/smelts", files=parts)
    assert reply.status_code == 202
    assert reply.json()["mode"] == "combine"
    assert [file["position"] for file in reply.json()["files"]] == [0, 1]


def test_a_recording_needs_no_prompt(visitor: httpx.Client) -> None:
    reply = visitor.post(
        "/v1/smelts", files={"files": ("speech.wav", (RECORDINGS / "speech.wav").read_bytes())}
    )
    assert reply.status_code == 202
    assert reply.json()["outputs"] == []
    assert reply.json()["files"][0]["queue_position"] is None


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a", "ogg", "flac", "webm", "aac"])
def test_every_format_is_told_by_its_content(ada: httpx.Client, name: str) -> None:
    content = (RECORDINGS / f"speech.{name}").read_bytes()
    reply = ada.post("/v1/smelts", files={"files": ("nameless", content, "application/octet-stream")})
    assert reply.status_code == 202
    assert reply.json()["files"][0]["input_type"] == "audio"


def test_nothing_that_was_sent_lies_on_disk_in_the_clear(api: RunningApi, visitor: httpx.Client) -> None:
    canary = "the-canary-sings-at-dawn"
    reply = visitor.post("/v1/smelts", files={"files": ("n.txt", f"{canary} " * 50_00)}, data=SUMMARIZE)
    assert reply.status_code == 202
    assert len(api.objects()) == 1
    assert all(canary.encode() not in path.read_bytes() for path in api.objects())


def test_texts_in_json_may_have_names(ada: httpx.Client) -> None:
    reply = ada.post(
        "/v1/smelts",
        json={
            "texts": [{"filename": "../../etc/a\u202eb.txt", "text": "one"}, "two"],
            "default_prompt_names": ["summarize"],
            "mode": None,
            "content_ttl": 60,
        },
    )
    assert reply.status_code == 202
    assert [file["filename"] for file in reply.json()["files"]] == ["ab.txt", "text-2.txt"]


def test_vocabulary_goes_to_the_content_store(api: RunningApi, ada: httpx.Client) -> None:
    reply = ada.post("/v1/smelts", files={"texts": (None, "x")}, data={**SUMMARIZE, "vocabulary": "Zephyr"})
    smelt = reply.json()["id"]
    assert stored(api, smelt, smelt, Kind.VOCABULARY) == b"Zephyr"


def test_a_text_in_utf16_is_stored_as_utf8(api: RunningApi, ada: httpx.Client) -> None:
    reply = ada.post("/v1/smelts", files={"files": ("n.txt", "Äpfel".encode("utf-16"))}, data=SUMMARIZE)
    smelt = reply.json()
    assert stored(api, smelt["id"], smelt["files"][0]["id"], Kind.INPUT).decode() == "Äpfel"


@pytest.fixture
def with_model(settings: Settings) -> Iterator[RunningApi]:
    with running(settings.model_copy(update={"llm_base_url": "http://127.0.0.1:9/v1"})) as api:
        yield api


def test_an_own_prompt_is_kept_as_it_was_at_admission(with_model: RunningApi, cast: Cast) -> None:
    with with_model.client(cast.ada.headers) as ada:
        prompt = ada.post("/v1/prompts", json={"title": "Poem", "body": "Write a poem."}).json()
        reply = ada.post("/v1/smelts", json={"texts": ["x"], "user_prompt_id": prompt["id"]})
        assert reply.status_code == 202, reply.text
        smelt = reply.json()
        assert ada.delete(f"/v1/prompts/{prompt['id']}").status_code == 204
    assert [output["user_prompt_id"] for output in smelt["outputs"]] == [prompt["id"]]
    assert stored(with_model, smelt["id"], smelt["id"], Kind.PROMPT) == b"Write a poem."


def test_redis_out_of_reach_does_not_fail_a_post(settings: Settings) -> None:
    unreachable = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:9/0")})
    with running(unreachable) as api, api.client() as visitor:
        reply = visitor.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]})
        assert reply.status_code == 202
