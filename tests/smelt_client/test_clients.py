"""What both clients do with a running service."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from pipeline.settings import Settings
from pipeline.speech.speakers import labeled
from smelt_client import Misused, Refused, SmeltReply, StillRunning, Unreachable
from smelt_client.calls import Call
from tests.api.conftest import RunningApi
from tests.smelt_client.conftest import Connect
from tests.support.answering import answering
from tests.support.cast import Cast
from tests.support.in_process_worker import SPOKEN, do_all_work

RECORDING = Path(__file__).parent.parent / "recordings" / "speech.wav"
NOTE = "Ann ships on Friday."


def test_from_the_post_to_the_results_and_away(
    connect: Connect, api: RunningApi, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("Bob books the room.")
    client = connect(api.url, cast.ada.token)
    posted = client.submit([RECORDING, notes, NOTE], prompts=["summarize"], language="en")
    assert [file.filename for file in posted.files] == ["speech.wav", "notes.md", "text.md"]
    with pytest.raises(StillRunning):
        client.wait(posted.id, within=0.05)
    do_all_work(settings)

    smelt = client.wait(posted.id, within=10)
    assert (smelt.status, smelt.completed, smelt.progress) == ("completed", True, 1.0)
    assert NOTE in client.results(posted.id).decode()
    assert client.results(posted.id, "application/zip").startswith(b"PK")
    assert client.output(posted.id, smelt.outputs[1].id)
    assert NOTE in client.transcript(posted.id, smelt.files[0].id)
    assert [summary.id for summary in client.list(status="completed")] == [posted.id]
    events = list(client.events(posted.id))
    assert {event.name for event in events} == {"smelt", "file", "output", "done"}
    assert (events[-1].name, events[-1].version) == ("done", smelt.version)

    assert client.delete_content(posted.id).smelt_id == posted.id
    assert client.delete(posted.id) is None
    with pytest.raises(Refused) as told:
        client.get(posted.id)
    assert (told.value.status, told.value.code) == (404, "not_found")


def test_speakers_are_named(connect: Connect, api: RunningApi, cast: Cast, settings: Settings) -> None:
    client = connect(api.url, cast.ada.token)
    posted = client.submit([RECORDING], channels="separate")
    do_all_work(settings, replace(SPOKEN, segments=labeled(SPOKEN.segments)))
    [file] = client.wait(posted.id, within=10).files
    assert [(speaker.label, speaker.seconds) for speaker in file.speakers] == [("S1", 2.0)]
    told = client.name_speakers(posted.id, file.id, {"S1": "Alice"})
    assert [speaker.name for speaker in told.speakers] == ["Alice"]
    assert client.speakers(posted.id, file.id) == told
    assert client.transcript(posted.id, file.id).startswith("Alice: ")


def test_a_list_goes_over_pages_and_ends(
    connect: Connect, api: RunningApi, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smelt_client.calls.LARGEST_PAGE", 2)
    client = connect(api.url, cast.ada.token)
    posted = [client.submit([NOTE], prompts=["summarize"]).id for _ in range(3)]
    assert [smelt.id for smelt in client.list()] == posted[::-1]
    assert [smelt.id for smelt in client.list(1)] == posted[:1:-1]


def test_a_smelt_is_canceled_and_taken_up_again(connect: Connect, api: RunningApi, cast: Cast) -> None:
    client = connect(api.url, cast.ada.token)
    posted = client.submit([NOTE], prompts=["summarize"])
    assert client.cancel(posted.id).status == "canceled"
    assert client.retry(posted.id).status == "pending"


def test_one_part_is_canceled_and_taken_up_again(connect: Connect, api: RunningApi, cast: Cast) -> None:
    client = connect(api.url, cast.ada.token)
    posted = client.submit([RECORDING, NOTE], prompts=["summarize"])
    file = next(file for file in posted.files if file.filename == "speech.wav")
    output = next(output for output in posted.outputs if output.file_id != file.id)

    def standing(smelt: SmeltReply) -> tuple[str, str]:
        """Of the recording, and of the note's summary."""
        return (
            next(each.status for each in smelt.files if each.id == file.id),
            next(each.status for each in smelt.outputs if each.id == output.id),
        )

    assert standing(client.cancel_file(posted.id, file.id)) == ("canceled", "pending")
    assert standing(client.retry_file(posted.id, file.id)) == ("pending", "pending")
    assert standing(client.cancel_output(posted.id, output.id)) == ("pending", "canceled")
    assert standing(client.retry_output(posted.id, output.id)) == ("pending", "pending")
    with pytest.raises(Refused) as told:
        client.retry_output(posted.id, output.id)
    assert (told.value.status, told.value.code) == (409, "not_ready")


def test_a_post_that_is_repeated_by_its_key_is_one_smelt(
    connect: Connect, api: RunningApi, cast: Cast
) -> None:
    client = connect(api.url, cast.ada.token)
    first, second = (client.submit([NOTE], prompts=["summarize"], idempotency_key="mine") for _ in range(2))
    assert first.id == second.id


def test_a_visitor_opens_what_they_have_posted(connect: Connect, api: RunningApi) -> None:
    client = connect(api.url, None)
    assert "summarize" in {prompt.name for prompt in client.default_prompts()}
    assert client.usage().remaining == 1
    posted = client.submit([NOTE], prompts=["summarize"])
    assert client.get(posted.id).tier == "anonymous"


def test_a_refusal_has_its_code_and_each_fault(connect: Connect, api: RunningApi, cast: Cast) -> None:
    client = connect(api.url, cast.ada.token)
    with pytest.raises(Refused) as told:
        client.submit([NOTE], prompts=["sing"], more={"content_ttl": "1"})
    assert (told.value.status, told.value.code) == (422, "validation_failed")
    assert {fault.field for fault in told.value.faults} == {"default_prompt_names", "content_ttl"}


def test_what_cannot_be_sent_is_told_before_anything_is(
    connect: Connect, api: RunningApi, tmp_path: Path
) -> None:
    client = connect(api.url, None)
    with pytest.raises(Misused, match="can't be read"):
        client.submit([tmp_path / "nothing.wav"])
    with pytest.raises(Misused, match="give a Path"):
        client.submit([str(RECORDING)])
    for server, token in (("smelt.example.org", None), ("http://host:port", None), (api.url, "töken")):
        with pytest.raises(Misused):
            connect(server, token)


class NewPrompt(BaseModel):
    title: str
    body: str = "Be brief."
    section_id: str | None = "not set, and not sent"


def test_a_call_that_has_no_method_here_can_be_made(connect: Connect, api: RunningApi, cast: Cast) -> None:
    client = connect(api.url, cast.ada.token)
    body = NewPrompt(title="Minutes", body="List what was decided.")
    made = client.do(Call("POST", "/v1/prompts", json.loads, repeatable=False, body=body))
    assert (made["title"], made["section_id"]) == ("Minutes", None)


def test_who_is_not_there_is_told_so(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smelt_client.attempts.FIRST_DELAY", 0.001)
    with pytest.raises(Unreachable, match=r"http://127.0.0.1:1 can't be reached: the connection is refused"):
        connect("http://127.0.0.1:1", None).get(uuid4())


def http(body: bytes, *headers: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


ASKED: dict[str, Callable[[Any], object]] = {
    "post": lambda client: client.submit([NOTE]),
    "smelt": lambda client: client.get(uuid4()),
    "list": lambda client: list(client.list()),
    "prompts": lambda client: client.default_prompts(),
    "transcript": lambda client: client.transcript(uuid4(), uuid4()),
    "events": lambda client: list(client.events(uuid4())),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    "answer",
    [
        http(b"\xff{}"),
        http(b"{}", "Content-Encoding: gzip"),
        http(b"event: smelt\ndata: {\xff\nid: x\n\n", "Content-Type: text/event-stream"),
    ],
    ids=["not ours", "not what it says", "a broken stream"],
)
def test_what_another_answers_is_no_crash(
    connect: Connect, asked: str, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smelt_client.attempts.FIRST_DELAY", 0.001)
    with answering(answer) as port, pytest.raises(Unreachable):
        ASKED[asked](connect(f"http://127.0.0.1:{port}", None))
