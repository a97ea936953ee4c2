"""Who speaks: what may be asked for, what transcripts show, and names that a client gives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from pipeline.content.store import Kind
from pipeline.settings import Settings
from pipeline.speech.speakers import labeled, spoken_by
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.in_process_worker import SPOKEN, do_all_work

RECORDING = Path(__file__).parent.parent.parent / "recordings" / "speech.mp3"
CALL = replace(
    SPOKEN,
    segments=labeled([spoken_by(segment, f"{n}") for n, segment in enumerate(SPOKEN.segments)]),
)
SPEAKERS = [{"label": "S1", "seconds": 1.0}, {"label": "S2", "seconds": 1.0}]


def post(client: httpx.Client, *names: str, **fields: str) -> httpx.Response:
    files: list[tuple[str, Any]] = [("files", (name, RECORDING.read_bytes())) for name in names]
    return client.post(
        "/v1/smelts", files=[*files, *((name, (None, value)) for name, value in fields.items())]
    )


@pytest.fixture
def call(ada: httpx.Client, settings: Settings) -> dict[str, Any]:
    """A completed smelt of two recordings in which two speak, and what is to be made of both."""
    fields = {"channels": "separate", "mode": "combine", "default_prompt_names": "action_items"}
    smelt = post(ada, "meeting.mp3", "call.mp3", **fields).json()
    do_all_work(settings, CALL)
    return dict(ada.get(f"/v1/smelts/{smelt['id']}").json())


def path_of(smelt: dict[str, Any], file: int = 0) -> str:
    return f"/v1/smelts/{smelt['id']}/files/{smelt['files'][file]['id']}"


def test_what_is_asked_for_reaches_the_row(ada: httpx.Client, database: Database) -> None:
    asked = [
        ({"speakers": "true", "min_speakers": "2", "max_speakers": "4"}, ("mixed", True, 2, 4)),
        ({"speakers": "true", "max_speakers": "4"}, ("mixed", True, None, 4)),
        ({"channels": "separate"}, ("separate", False, None, None)),
        ({}, ("mixed", False, None, None)),
    ]
    for fields, expected in asked:
        smelt = post(ada, "talk.mp3", **fields)
        assert smelt.status_code == 202, smelt.text
        with database.service() as conn:
            row = conn.execute(
                text("select channels, speakers, min_speakers, max_speakers from smelts where id = :id"),
                {"id": smelt.json()["id"]},
            ).one()
        assert tuple(row) == expected
    document = {"texts": ["x"], "default_prompt_names": ["summarize"], "speakers": True, "max_speakers": 2}
    assert ada.post("/v1/smelts", json=document).status_code == 202


def test_where_nothing_tells_them_apart_speakers_are_refused_with_what_is_missing(
    ada: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.speakers.models.DEFAULT_FOLDER", tmp_path)
    refused = post(ada, "talk.mp3", speakers="true")
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["field"], fault["code"]) == ("speakers", "speakers_unavailable")
    assert "pip install 'smelt[speakers]'" in fault["detail"]
    assert post(ada, "talk.mp3", channels="separate").status_code == 202


def test_an_operator_who_names_the_networks_answers_for_the_workers(
    settings: Settings, cast: Cast, tmp_path: Path
) -> None:
    """The API may be on a machine that has none of it."""
    elsewhere = settings.model_copy(update={"speaker_models": tmp_path / "elsewhere"})
    with running(elsewhere) as api, api.client(cast.ada.headers) as client:
        assert post(client, "talk.mp3", speakers="true").status_code == 202


def test_transcripts_show_who_speaks(ada: httpx.Client, call: dict[str, Any]) -> None:
    assert [file["speakers"] for file in call["files"]] == [SPEAKERS, SPEAKERS]
    path = f"{path_of(call)}/transcript"
    assert ada.get(path).text == "S1: Ann ships on Friday.\nS2: Bob books the room.\n"
    assert "\nS2: Bob books" in ada.get(path, params={"format": "srt"}).text
    assert "\n<v S2>Bob books" in ada.get(path, params={"format": "vtt"}).text
    document = ada.get(path, params={"format": "json"}).json()
    assert document["text"] == "Ann ships on Friday. Bob books the room."
    assert [segment["speaker"] for segment in document["segments"]] == ["S1", "S2"]
    assert {word["speaker"] for word in document["words"]} == {"S1"}


def test_names_change_transcripts_and_are_content(
    ada: httpx.Client, call: dict[str, Any], api: RunningApi
) -> None:
    path = path_of(call)
    before = ada.get(f"{path}/speakers").json()
    assert before == {"speakers": [{**speaker, "name": None} for speaker in SPEAKERS]}
    named = ada.put(f"{path}/speakers", json={"S1": " Alice <A> ", "S2": ""})
    assert named.status_code == 200
    assert [speaker["name"] for speaker in named.json()["speakers"]] == ["Alice <A>", None]
    assert ada.get(f"{path}/speakers").json() == named.json()
    assert ada.get(f"{path}/transcript").text == "Alice <A>: Ann ships on Friday.\nS2: Bob books the room.\n"
    assert "<v Alice &lt;A&gt;>Ann" in ada.get(f"{path}/transcript", params={"format": "vtt"}).text
    other = ada.get(f"{path_of(call, 1)}/transcript").text
    assert other.startswith("S1: ")
    sealed = [file for file in api.objects() if f".{Kind.SPEAKERS}." in file.name]
    assert len(sealed) == 1
    assert b"Alice" not in sealed[0].read_bytes()
    assert ada.put(f"{path}/speakers", json={}).status_code == 200
    assert ada.get(f"{path}/transcript").text.startswith("S1: ")
    assert ada.delete(f"/v1/smelts/{call['id']}/content").status_code == 200
    assert ada.put(f"{path}/speakers", json={"S1": "Alice"}).json()["code"] == "content_expired"
    assert not api.objects()


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ({"S3": "Carol"}, "S3"),
        ({"S1": "x" * 101}, "S1"),
        ({"S1": "two\nlines"}, "S1"),
        ({"S1": "a\u2028b"}, "S1"),
    ],
)
def test_a_name_that_can_not_be_is_refused(
    ada: httpx.Client, call: dict[str, Any], names: dict[str, str], field: str
) -> None:
    refused = ada.put(f"{path_of(call)}/speakers", json=names)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert [fault["field"] for fault in refused.json()["errors"]] == [field]


def test_without_speakers_there_is_nobody_to_be_named(ada: httpx.Client, settings: Settings) -> None:
    smelt = post(ada, "talk.mp3").json()
    assert ada.get(f"{path_of(smelt)}/speakers").json()["code"] == "not_ready"
    do_all_work(settings)
    assert ada.get(f"/v1/smelts/{smelt['id']}").json()["files"][0]["speakers"] is None
    for reply in (
        ada.get(f"{path_of(smelt)}/speakers"),
        ada.put(f"{path_of(smelt)}/speakers", json={"S1": "A"}),
    ):
        assert (reply.status_code, reply.json()["code"]) == (409, "no_speakers")


def test_who_speaks_is_for_nobody_else(
    call: dict[str, Any], bob: httpx.Client, visitor: httpx.Client
) -> None:
    for client in (bob, visitor):
        assert client.get(f"{path_of(call)}/speakers").status_code in (401, 404)
        assert client.put(f"{path_of(call)}/speakers", json={"S1": "Eve"}).status_code in (401, 404)
