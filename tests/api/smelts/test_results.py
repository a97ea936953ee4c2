"""Results are read as they were made, in every form, and only once they are there."""

import io
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from db.work.claims import claim_next
from db.work.files import FILES, fail_file
from pipeline.settings import Settings
from pipeline.states import ErrorCode
from tests.api.conftest import RunningApi
from tests.support.in_process_worker import do_all_work

RECORDINGS = Path(__file__).parent.parent.parent / "recordings"
PROMPTS = ["summarize", "action_items"]
TEXT = "The meeting was about the launch. Ann ships the report on Friday. Bob books the room."


@pytest.fixture
def done(ada: httpx.Client, settings: Settings) -> dict[str, Any]:
    """A completed smelt of a recording and a text with two prompts each."""
    parts: list[tuple[str, tuple[str | None, bytes | str]]] = [
        ("files", ("team *sync*: 1/2.mp3", (RECORDINGS / "speech.mp3").read_bytes())),
        ("files", ("notes.md", TEXT)),
        *(("default_prompt_names", (None, name)) for name in PROMPTS),
    ]
    smelt = ada.post("/v1/smelts", files=parts).json()
    do_all_work(settings)
    smelt = ada.get(f"/v1/smelts/{smelt['id']}").json()
    assert (smelt["status"], smelt["progress"]) == ("completed", 1.0)
    return dict(smelt)


def test_one_output_is_markdown(ada: httpx.Client, done: dict[str, Any]) -> None:
    for output in done["outputs"]:
        reply = ada.get(f"/v1/smelts/{done['id']}/outputs/{output['id']}")
        assert reply.headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert reply.text.strip()
        assert output["model"]


def test_all_outputs_by_accept(ada: httpx.Client, done: dict[str, Any]) -> None:
    path = f"/v1/smelts/{done['id']}/outputs"
    as_json = ada.get(path)
    assert as_json.headers["Content-Type"] == "application/json"
    outputs = as_json.json()["outputs"]
    assert [output["id"] for output in outputs] == [output["id"] for output in done["outputs"]]
    assert {output["filename"] for output in outputs} == {"2.mp3", "notes.md"}

    document = ada.get(path, headers={"Accept": "text/markdown"})
    assert document.headers["Content-Type"].startswith("text/markdown")
    for output in outputs:
        assert output["markdown"].strip() in document.text
    assert document.text.count("# Summary") == 2

    archive = ada.get(path, headers={"Accept": "application/zip, application/json;q=0.5"})
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.testzip() is None
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    assert set(texts) == {
        f"{folder}/{prompt}.md" for folder in ("001 2.mp3", "002 notes.md") for prompt in PROMPTS
    }
    assert set(texts.values()) == {output["markdown"] for output in outputs}

    assert ada.get(path, headers={"Accept": "image/png"}).status_code == 406


def test_transcripts_in_every_format(ada: httpx.Client, done: dict[str, Any]) -> None:
    path = f"/v1/smelts/{done['id']}/files/{done['files'][0]['id']}/transcript"
    assert ada.get(path).text == "Ann ships on Friday.\nBob books the room.\n"
    assert "00:00:00,500 --> 00:00:01,500" in ada.get(path, params={"format": "srt"}).text
    assert ada.get(path, params={"format": "vtt"}).text.startswith("WEBVTT")
    document = ada.get(path, params={"format": "json"}).json()
    assert document["language"] == "en"
    assert document["words"][0] == {"start": 0.5, "end": 0.8, "word": "Ann"}
    assert ada.get(path, params={"format": "pdf"}).json()["code"] == "validation_failed"


def test_a_text_has_no_subtitles(ada: httpx.Client, done: dict[str, Any]) -> None:
    path = f"/v1/smelts/{done['id']}/files/{done['files'][1]['id']}/transcript"
    assert ada.get(path).text.strip() == TEXT
    assert ada.get(path, params={"format": "json"}).json()["text"] == TEXT
    reply = ada.get(path, params={"format": "srt"})
    assert (reply.status_code, reply.json()["code"]) == (409, "no_timing")


def test_what_is_not_there_yet_is_not_ready(ada: httpx.Client) -> None:
    smelt = ada.post(
        "/v1/smelts", files={"files": ("a.wav", (RECORDINGS / "speech.wav").read_bytes())}
    ).json()
    reply = ada.get(f"/v1/smelts/{smelt['id']}/files/{smelt['files'][0]['id']}/transcript")
    assert (reply.status_code, reply.json()["code"]) == (409, "not_ready")
    smelt = ada.post("/v1/smelts", json={"texts": ["x"], "default_prompt_names": ["summarize"]}).json()
    for path in ("", f"/{smelt['outputs'][0]['id']}"):
        reply = ada.get(f"/v1/smelts/{smelt['id']}/outputs{path}")
        assert (reply.status_code, reply.json()["code"]) == (409, "not_ready")


def test_a_waiting_recording_knows_its_place_in_the_queue(ada: httpx.Client) -> None:
    recording = (RECORDINGS / "speech.wav").read_bytes()
    smelts = [ada.post("/v1/smelts", files={"files": ("a.wav", recording)}).json() for _ in range(2)]
    places = [ada.get(f"/v1/smelts/{smelt['id']}").json()["files"][0]["queue_position"] for smelt in smelts]
    assert places == [1, 2]


def test_deleted_content_is_gone(api: RunningApi, ada: httpx.Client, done: dict[str, Any]) -> None:
    objects = len(api.objects())
    receipt = ada.delete(f"/v1/smelts/{done['id']}/content")
    assert receipt.status_code == 200
    assert receipt.json()["smelt_id"] == done["id"]
    assert receipt.json()["objects_deleted"] == objects
    assert api.objects() == []
    for path in (
        "/outputs",
        f"/outputs/{done['outputs'][0]['id']}",
        f"/files/{done['files'][0]['id']}/transcript",
    ):
        reply = ada.get(f"/v1/smelts/{done['id']}{path}")
        assert (reply.status_code, reply.json()["code"]) == (410, "content_expired")
    again = ada.delete(f"/v1/smelts/{done['id']}/content").json()
    assert again == {**receipt.json(), "objects_deleted": 0}


def test_a_result_whose_object_is_lost_is_gone(
    api: RunningApi, ada: httpx.Client, done: dict[str, Any]
) -> None:
    assert api.services.content.delete_smelt(UUID(done["id"]))
    reply = ada.get(f"/v1/smelts/{done['id']}/outputs/{done['outputs'][0]['id']}")
    assert (reply.status_code, reply.json()["code"]) == (410, "content_expired")


def test_content_past_its_deadline_is_gone_though_nobody_has_deleted_it_yet(
    ada: httpx.Client, done: dict[str, Any], database: Database
) -> None:
    with database.service() as conn:
        conn.execute(text("update smelts set content_expires_at = now()"))
    for path in (
        f"outputs/{done['outputs'][0]['id']}",
        f"files/{done['files'][0]['id']}/transcript",
        "outputs",
    ):
        reply = ada.get(f"/v1/smelts/{done['id']}/{path}")
        assert (reply.status_code, reply.json()["code"]) == (410, "content_expired")


def test_content_deleted_before_the_end_is_gone_rather_than_unfinished(ada: httpx.Client) -> None:
    smelt = ada.post("/v1/smelts", json={"texts": [TEXT], "default_prompt_names": ["summarize"]}).json()
    ada.delete(f"/v1/smelts/{smelt['id']}/content").raise_for_status()
    for path in (
        f"outputs/{smelt['outputs'][0]['id']}",
        f"files/{smelt['files'][0]['id']}/transcript",
        "outputs",
    ):
        reply = ada.get(f"/v1/smelts/{smelt['id']}/{path}")
        assert (reply.status_code, reply.json()["code"]) == (410, "content_expired")


def test_a_combined_smelt_says_which_file_failed(ada: httpx.Client, database: Database) -> None:
    recording = (RECORDINGS / "silence.wav").read_bytes()
    files = [("files", ("good.wav", recording)), ("files", ("silence.wav", recording))]
    data = {"mode": "combine", "default_prompt_names": "summarize"}
    smelt = ada.post("/v1/smelts", files=files, data=data).json()
    with database.service() as conn:
        claims = [claim_next(conn, FILES, 30), claim_next(conn, FILES, 30)]
    [second] = [claim for claim in claims if claim is not None and str(claim.id) == smelt["files"][1]["id"]]
    with database.service() as conn:
        fail_file(conn, second, ErrorCode.NO_SPEECH)
    reply = ada.get(f"/v1/smelts/{smelt['id']}").json()
    assert (reply["status"], reply["error_code"]) == ("failed", "file_failed")
    assert reply["error_message"] == "silence.wav: No speech was found in the recording."


DAMAGE = {
    "of another smelt": (
        "set content_key = (select content_key from smelts other where other.id <> smelts.id)",
        500,
    ),
    "cut": ("set content_key = substring(content_key for 20)", 500),
    "by a key that is not on the ring": (
        r"set content_key = overlay(content_key placing '\x7878' from 3)",
        503,
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_content_key_that_cannot_be_opened_is_told_of(
    ada: httpx.Client, done: dict[str, Any], database: Database, name: str
) -> None:
    statement, status = DAMAGE[name]
    other = ada.post("/v1/smelts", json={"texts": [TEXT], "default_prompt_names": PROMPTS}).json()
    with database.service() as conn:
        conn.execute(text(f"update smelts {statement} where id = :id"), {"id": done["id"]})
    output, file = done["outputs"][0]["id"], done["files"][0]["id"]
    for path in (f"outputs/{output}", "outputs", f"files/{file}/transcript"):
        reply = ada.get(f"/v1/smelts/{done['id']}/{path}")
        code = "content_damaged" if status == 500 else "unavailable"
        assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert ada.get(f"/v1/smelts/{other['id']}").status_code == 200


def test_content_that_was_changed_is_told_of(
    api: RunningApi, ada: httpx.Client, done: dict[str, Any]
) -> None:
    """Objects cut, and one in another's place."""
    outputs = [output["id"] for output in done["outputs"]]
    [first], [second] = ([path for path in api.objects() if one in path.name] for one in outputs[:2])
    first.write_bytes(second.read_bytes())
    second.write_bytes(second.read_bytes()[:-1])
    for one in outputs[:2]:
        reply = ada.get(f"/v1/smelts/{done['id']}/outputs/{one}")
        assert (reply.status_code, reply.json()["code"]) == (500, "content_damaged")
