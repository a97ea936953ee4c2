"""Allowances: refused before the body is read, and never overdrawn by a race."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.rows import count_smelts, set_credits

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


def test_an_address_may_post_once_a_day(api: RunningApi, visitor: httpx.Client) -> None:
    assert visitor.post("/v1/smelts", json=NOTE).status_code == 202
    refused = visitor.post("/v1/smelts", json=NOTE)
    assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert len(api.objects()) == 1


def test_a_race_of_one_addresss_posts_admits_one(
    api: RunningApi, visitor: httpx.Client, database: Database
) -> None:
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: visitor.post("/v1/smelts", json=NOTE), range(6)))
    assert sorted(reply.status_code for reply in replies) == [202, 429, 429, 429, 429, 429]
    assert count_smelts(database) == 1
    assert len(api.objects()) == 1


def test_a_user_without_credits_is_refused(ada: httpx.Client, cast: Cast, database: Database) -> None:
    assert ada.get("/v1/profile").json()["credits_remaining"] == 5
    set_credits(database, cast.ada.id, 1)
    assert ada.post("/v1/smelts", json=NOTE).status_code == 202
    refused = ada.post("/v1/smelts", json=NOTE)
    assert (refused.status_code, refused.json()["code"]) == (429, "credits_exhausted")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_forwarded_address_counts_from_trusted_proxies_only(settings: Settings) -> None:
    with running(settings) as api, api.client() as visitor:
        for address, status in (("198.51.100.1", 202), ("198.51.100.2", 429)):
            reply = visitor.post("/v1/smelts", json=NOTE, headers={"X-Forwarded-For": address})
            assert reply.status_code == status
    trusting = settings.model_copy(update={"trusted_proxies": ("127.0.0.0/8",)})
    with running(trusting) as api, api.client() as visitor:
        for address, status in (("198.51.100.1", 202), ("198.51.100.2", 202), ("8.8.8.8, 198.51.100.2", 429)):
            reply = visitor.post("/v1/smelts", json=NOTE, headers={"X-Forwarded-For": address})
            assert reply.status_code == status, address


def test_usage_tells_what_remains(ada: httpx.Client, visitor: httpx.Client) -> None:
    assert visitor.get("/v1/usage").json()["remaining"] == 1
    visitor.post("/v1/smelts", json=NOTE)
    usage = visitor.get("/v1/usage").json()
    assert (usage["tier"], usage["remaining"], usage["limits"]["inputs"]) == ("anonymous", 0, 1)
    ada.post("/v1/smelts", json=NOTE)
    usage = ada.get("/v1/usage").json()
    assert (usage["tier"], usage["remaining"], usage["limits"]["combine"]) == ("credits", 4, True)
    assert usage["resets_at"].endswith("T00:00:00Z")
