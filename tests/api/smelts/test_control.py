"""Cancel, retry, delete, and the default prompts."""

from typing import Any

import httpx
from sqlalchemy import text

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi
from tests.support.in_process_worker import do_all_work
from tests.support.rows import count_smelts

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


def test_what_was_canceled_halfway_stands_where_it_was(ada: httpx.Client, database: Database) -> None:
    """Wherever it is told: by itself, in the list, in the events."""
    path = f"/v1/smelts/{ada.post('/v1/smelts', json=NOTE).json()['id']}"
    assert ada.get(path).json()["progress"] == 0.5  # the text is there, its summary isn't
    with database.service() as conn:
        conn.execute(text("update smelt_outputs set progress = 1"))  # all but stored
    canceled = ada.post(f"{path}/cancel").json()
    assert (canceled["progress"], canceled["outputs"][0]["progress"]) == (0.99, 0.99)
    assert [smelt["progress"] for smelt in ada.get("/v1/smelts").json()["items"]] == [0.99]
    assert '"progress":0.99,' in ada.get(f"{path}/events").text


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


def test_the_default_prompts_are_five(visitor: httpx.Client) -> None:
    items = visitor.get("/v1/default-prompts").json()["items"]
    assert [item["name"] for item in items] == [
        "summarize",
        "action_items",
        "detailed_notes",
        "qa_format",
        "table_of_contents",
    ]
    assert all(item["title"] and item["description"] and item["version"] >= 1 for item in items)
