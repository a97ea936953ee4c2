"""Cancel, retry, delete, and the user's prompts."""

from typing import Any

import httpx

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi
from tests.api.rows import count_smelts
from tests.api.worker import do_all_work

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


def test_a_canceled_smelt_can_be_retried(ada: httpx.Client, settings: Settings) -> None:
    path = f"/v1/smelts/{ada.post('/v1/smelts', json=NOTE).json()['id']}"
    assert ada.post(f"{path}/retry").json()["code"] == "not_ready"
    canceled = ada.post(f"{path}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert ada.post(f"{path}/cancel").json()["code"] == "already_finished"
    output = f"{path}/outputs/{canceled.json()['outputs'][0]['id']}"
    assert (ada.get(output).status_code, ada.get(output).json()["code"]) == (409, "part_failed")
    retried = ada.post(f"{path}/retry")
    assert (retried.status_code, retried.json()["status"]) == (202, "pending")
    do_all_work(settings)
    assert ada.get(path).json()["status"] == "completed"
    assert ada.get(output).status_code == 200
    assert ada.post(f"{path}/retry").json()["code"] == "nothing_to_retry"


def test_a_retry_needs_its_content(ada: httpx.Client) -> None:
    path = f"/v1/smelts/{ada.post('/v1/smelts', json=NOTE).json()['id']}"
    ada.delete(f"{path}/content")
    assert ada.get(path).json()["status"] == "canceled"
    assert ada.post(f"{path}/retry").status_code == 410


def test_a_deleted_smelt_is_gone_altogether(api: RunningApi, ada: httpx.Client, database: Database) -> None:
    path = f"/v1/smelts/{ada.post('/v1/smelts', json=NOTE).json()['id']}"
    assert ada.delete(path).status_code == 204
    assert ada.get(path).status_code == 404
    assert ada.delete(path).status_code == 404
    assert count_smelts(database) == 0
    assert api.objects() == []


def test_prompts_are_their_users_own(ada: httpx.Client, bob: httpx.Client) -> None:
    made = ada.post("/v1/prompts", json={"title": "Poem", "body": "Write a poem."})
    assert made.status_code == 201
    path = made.headers["Location"]
    assert ada.get(path).json() == made.json()
    assert [prompt["title"] for prompt in ada.get("/v1/prompts").json()["items"]] == ["Poem"]
    assert bob.get("/v1/prompts").json()["items"] == []
    assert (bob.get(path).status_code, bob.delete(path).status_code) == (404, 404)
    assert ada.delete(path).status_code == 204
    assert ada.get(path).status_code == 404


def test_a_prompt_that_can_not_be_stored_is_refused(ada: httpx.Client) -> None:
    for document in (
        {"title": "", "body": "x"},
        {"title": "x", "body": "x" * 4_001},
        {"title": "a\0b", "body": "x"},
        {"title": "x", "body": "  "},
        {"title": "x"},
        {"title": "x", "body": "x", "extra": 1},
    ):
        assert ada.post("/v1/prompts", json=document).json()["code"] == "validation_failed"


def test_a_prompts_body_is_read_no_further_than_it_may_be_long(ada: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert ada.post("/v1/prompts", content=b" " * 100_000, headers=headers).status_code == 413
    assert ada.post("/v1/prompts", content=b"{", headers=headers).json()["code"] == "malformed_body"


def test_the_default_prompts_are_five(visitor: httpx.Client) -> None:
    items = visitor.get("/v1/default-prompts").json()["items"]
    assert [item["name"] for item in items] == [
        "summarize",
        "action_items",
        "detailed_notes",
        "qa_format",
        "table_of_contents",
    ]
    assert all(item["title"] and item["description"] for item in items)
