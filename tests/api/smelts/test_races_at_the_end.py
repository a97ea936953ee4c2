"""A client takes a smelt, or its last part, back at the very moment at which its work ends: one of the two happens,
never both.
"""

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi
from tests.support.cast import Cast
from tests.support.in_process_worker import do_all_work
from tests.support.rows import count_smelts, set_credits
from tests.support.waiting import wait_until

TEXT = " ".join(
    f"Ann ships parcel {n} on Friday, and Bob takes {n} books to room {n % 7}." for n in range(300)
)
NOTE: dict[str, Any] = {"texts": [TEXT], "default_prompt_names": ["summarize"]}
ROUNDS = 12
CREDITS = 100
LONGEST = 0.06  # seconds by which the client comes after the worker's claim; the work takes about as long


@pytest.fixture
def smelts(ada: httpx.Client, cast: Cast, database: Database, settings: Settings) -> Iterator[str]:
    """Paths of smelts on which a worker begins at this moment. Afterwards each has been paid for, or not."""
    ada.get("/v1/profile").raise_for_status()
    set_credits(database, cast.ada.id, CREDITS)
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret

    def begin() -> Iterator[str]:
        for _ in range(ROUNDS):
            path = f"/v1/smelts/{ada.post('/v1/smelts', json=NOTE).raise_for_status().json()['id']}"
            worker = threading.Thread(target=do_all_work, args=(settings,))
            worker.start()
            wait_until(lambda: claimed(database), 30)
            time.sleep(chance.uniform(0, LONGEST))
            yield path
            worker.join()

    return begin()


def claimed(database: Database) -> bool:
    with database.service() as conn:
        return conn.execute(text("select 1 from smelt_outputs where status = 'pending'")).first() is None


def credits_left(ada: httpx.Client) -> int:
    return int(ada.get("/v1/profile").json()["credits_remaining"])


def settled(ada: httpx.Client, path: str) -> dict[str, Any]:
    smelt: dict[str, Any] = ada.get(path).raise_for_status().json()
    assert [output["status"] for output in smelt["outputs"]] == [smelt["status"]]
    return smelt


def test_cancel_or_complete(ada: httpx.Client, smelts: Iterator[str]) -> None:
    seen = []
    for path in smelts:
        reply = ada.post(f"{path}/cancel")
        seen.append((path, reply.status_code))
    for path, status in seen:
        smelt = settled(ada, path)
        result = ada.get(f"{path}/outputs/{smelt['outputs'][0]['id']}")
        assert (status, smelt["status"], result.status_code) in {
            (200, "canceled", 409),
            (409, "completed", 200),
        }
    assert credits_left(ada) == CREDITS - sum(status == 409 for _, status in seen)


def test_cancel_its_last_part_or_complete(
    ada: httpx.Client, smelts: Iterator[str], database: Database, cast: Cast
) -> None:
    seen = []
    for path in smelts:
        output = ada.get(path).json()["outputs"][0]["id"]
        seen.append((path, ada.post(f"{path}/outputs/{output}/cancel").status_code))
    for path, status in seen:
        smelt = ada.get(path).json()
        assert (status, smelt["status"], smelt["outputs"][0]["status"]) in {
            (200, "failed", "canceled"),
            (409, "completed", "completed"),
        }
    canceled = sum(status == 200 for _, status in seen)
    assert credits_left(ada) == CREDITS - (ROUNDS - canceled)
    with database.service() as conn:
        sql = text("select uncharged from user_profiles where user_id = :id")
        assert conn.execute(sql, {"id": cast.ada.id}).scalar_one() == canceled


def test_delete_content_or_complete(api: RunningApi, ada: httpx.Client, smelts: Iterator[str]) -> None:
    paths = []
    for path in smelts:
        assert ada.delete(f"{path}/content").status_code == 200
        paths.append(path)
    assert api.objects() == []
    ends = [settled(ada, path)["status"] for path in paths]
    assert set(ends) <= {"canceled", "completed"}
    assert credits_left(ada) == CREDITS - ends.count("completed")


def test_delete_or_complete(
    api: RunningApi, ada: httpx.Client, smelts: Iterator[str], database: Database
) -> None:
    for path in smelts:
        assert ada.delete(path).status_code == 204
        assert ada.get(path).status_code == 404
    assert api.objects() == []
    assert count_smelts(database) == 0
    assert CREDITS - ROUNDS <= credits_left(ada) <= CREDITS
