"""One part of a smelt is canceled or retried over HTTP: what is answered, to whom, and what followers hear."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from pipeline.settings import Settings
from tests.support.event_stream import events
from tests.support.in_process_worker import do_all_work

RECORDING = (Path(__file__).parent.parent.parent / "recordings" / "speech.wav").read_bytes()
TWO: dict[str, Any] = {
    "texts": ["Ann ships on Friday."],
    "default_prompt_names": ["summarize", "action_items"],
}
ACTS = ("cancel", "retry")


def post_recording(client: httpx.Client, mode: str = "separate") -> tuple[str, dict[str, Any]]:
    """A recording and a text: its path and what it is."""
    reply = client.post(
        "/v1/smelts",
        files=[("files", ("speech.wav", RECORDING)), ("texts", (None, "Zoe books the room."))],
        data={"default_prompt_names": "summarize", "mode": mode},
    )
    smelt = reply.raise_for_status().json()
    return f"/v1/smelts/{smelt['id']}", smelt


def statuses(smelt: dict[str, Any], of: str) -> list[str]:
    return [part["status"] for part in smelt[of]]


def test_a_file_is_canceled_and_retried(ada: httpx.Client, settings: Settings) -> None:
    path, smelt = post_recording(ada)
    file = f"{path}/files/{smelt['files'][0]['id']}"
    refused = ada.post(f"{file}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    canceled = ada.post(f"{file}/cancel")
    assert canceled.status_code == 200
    assert (statuses(canceled.json(), "files"), statuses(canceled.json(), "outputs")) == (
        ["canceled", "completed"],
        ["canceled", "pending"],
    )
    again = ada.post(f"{file}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "already_finished")
    output = ada.post(f"{path}/outputs/{smelt['outputs'][0]['id']}/retry")
    assert (output.status_code, output.json()["code"]) == (409, "part_failed")
    retried = ada.post(f"{file}/retry")
    assert retried.status_code == 202
    assert (statuses(retried.json(), "files"), statuses(retried.json(), "outputs")) == (
        ["pending", "completed"],
        ["waiting", "pending"],
    )
    do_all_work(settings)
    assert ada.get(path).json()["status"] == "completed"
    done = ada.post(f"{file}/retry")
    assert (done.status_code, done.json()["code"]) == (409, "nothing_to_retry")


def test_what_is_combined_is_made_without_the_canceled_file(ada: httpx.Client, settings: Settings) -> None:
    path, smelt = post_recording(ada, "combine")
    assert statuses(ada.post(f"{path}/files/{smelt['files'][0]['id']}/cancel").json(), "outputs") == [
        "pending"
    ]
    do_all_work(settings)
    ended = ada.get(path).json()
    assert (ended["status"], statuses(ended, "files")) == ("completed", ["canceled", "completed"])
    made = ada.get(f"{path}/outputs/{ended['outputs'][0]['id']}").raise_for_status().text
    assert "Zoe books the room" in made
    assert "Ann" not in made  # what the recording says


def test_an_output_is_canceled_and_retried(ada: httpx.Client, settings: Settings) -> None:
    smelt = ada.post("/v1/smelts", json=TWO).json()
    path = f"/v1/smelts/{smelt['id']}"
    output = f"{path}/outputs/{smelt['outputs'][0]['id']}"
    assert statuses(ada.post(f"{output}/cancel").json(), "outputs") == ["canceled", "pending"]
    assert ada.post(f"{output}/cancel").json()["code"] == "already_finished"
    do_all_work(settings)
    ended = ada.get(path).json()
    assert (ended["status"], statuses(ended, "outputs")) == ("completed", ["canceled", "completed"])
    assert ada.get(output).json()["code"] == "part_failed"
    retried = ada.post(f"{output}/retry")
    assert (retried.status_code, retried.json()["status"]) == (202, "pending")
    do_all_work(settings)
    assert statuses(ada.get(path).json(), "outputs") == ["completed", "completed"]
    assert ada.get(output).status_code == 200
    assert ada.post(f"{output}/retry").json()["code"] == "nothing_to_retry"


@pytest.mark.parametrize("act", ACTS)
def test_anothers_part_and_one_that_is_not_there_get_the_same_answer(
    ada: httpx.Client, bob: httpx.Client, visitor: httpx.Client, act: str
) -> None:
    path, smelt = post_recording(ada)
    theirs, _ = post_recording(bob)
    before = ada.get(path).json()["version"]
    for kind in ("files", "outputs"):
        mine = smelt[kind][0]["id"]
        replies = [
            bob.post(f"{path}/{kind}/{mine}/{act}"),  # another's
            visitor.post(f"{path}/{kind}/{mine}/{act}"),
            bob.post(f"{theirs}/{kind}/{mine}/{act}"),  # another's, below one of one's own
            ada.post(f"{path}/{kind}/{uuid4()}/{act}"),
            ada.post(f"{path}/{kind}/none/{act}"),
            ada.post(f"/v1/smelts/{uuid4()}/{kind}/{mine}/{act}"),
        ]
        assert [reply.status_code for reply in replies] == [404] * len(replies)
        assert {reply.json()["code"] for reply in replies} == {"not_found"}
    assert ada.get(path).json()["version"] == before


def test_a_visitor_does_so_with_the_token_of_the_smelt(visitor: httpx.Client, settings: Settings) -> None:
    smelt = visitor.post("/v1/smelts", json=TWO).json()
    output = f"/v1/smelts/{smelt['id']}/outputs/{smelt['outputs'][0]['id']}"
    headers = {"Authorization": f"Bearer {smelt['access_token']}"}
    assert visitor.post(f"{output}/cancel", headers=headers).status_code == 200
    assert visitor.post(f"{output}/retry", headers=headers).status_code == 202
    do_all_work(settings)
    assert visitor.get(f"/v1/smelts/{smelt['id']}", headers=headers).json()["status"] == "completed"


def test_a_retry_of_a_part_needs_its_content(ada: httpx.Client) -> None:
    path, smelt = post_recording(ada)
    ada.delete(f"{path}/content").raise_for_status()
    for kind in ("files", "outputs"):
        reply = ada.post(f"{path}/{kind}/{smelt[kind][0]['id']}/retry")
        assert (reply.status_code, reply.json()["code"]) == (410, "content_expired")


def test_a_retry_of_a_part_draws_on_the_allowance(ada: httpx.Client, database: Database) -> None:
    smelt = ada.post("/v1/smelts", json=TWO).json()
    output = f"/v1/smelts/{smelt['id']}/outputs/{smelt['outputs'][0]['id']}"
    ada.post(f"{output}/cancel").raise_for_status()
    with database.service() as conn:
        conn.execute(
            text(
                "update user_profiles set uncharged = 1000000, uncharged_on = (now() at time zone 'utc')::date"
            )
        )
    refused = ada.post(f"{output}/retry")
    assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")
    assert ada.get(f"/v1/smelts/{smelt['id']}").json()["outputs"][0]["status"] == "canceled"


def test_followers_hear_of_it(ada: httpx.Client) -> None:
    path, smelt = post_recording(ada)
    file, output = smelt["files"][0]["id"], smelt["outputs"][0]["id"]
    with events(ada, f"{path}/events") as stream:
        told = [next(stream) for _ in range(5)]  # the snapshot
        assert {event.name for event in told} == {"smelt", "file", "output"}
        ada.post(f"{path}/files/{file}/cancel").raise_for_status()
        canceled: dict[str, str] = {}
        while canceled.keys() != {file, output}:
            event = next(stream)
            if event.data.get("status") == "canceled":
                canceled[event.data["id"]] = event.name
        assert canceled == {file: "file", output: "output"}
        ada.post(f"{path}/files/{file}/retry").raise_for_status()
        while True:
            event = next(stream)
            if event.data.get("id") == file and event.data["status"] != "canceled":
                break
