"""Races and tricks of callers who want more than they may have: at least fifty at once, over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from db.outputs import begin_output, fail_output, finish_output
from db.session import Database
from db.work import OUTPUTS, claim_next
from deploy.tokens import mint
from pipeline.settings import Settings
from pipeline.states import ErrorCode
from tests.api.conftest import RunningApi, running
from tests.api.rows import count_smelts, set_credits
from tests.cast import Cast
from tests.secrets import JWT_SECRET

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
TWO: dict[str, Any] = {**NOTE, "default_prompt_names": ["summarize", "action_items"]}
CROWD = 50


@pytest.fixture
def strict(settings: Settings) -> Iterator[RunningApi]:
    """Three smelts a day may end without a charge."""
    with running(settings.model_copy(update={"uncharged_daily": 3, "anonymous_daily": 1})) as api:
        yield api


def all_at_once(client: httpx.Client, method: str, path: str, **request: Any) -> list[httpx.Response]:
    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(lambda _: client.request(method, path, **request), range(CROWD)))


def codes(replies: list[httpx.Response]) -> dict[int, int]:
    statuses = [reply.status_code for reply in replies]
    return {status: statuses.count(status) for status in set(statuses)}


def post(client: httpx.Client, note: dict[str, Any] = NOTE) -> httpx.Response:
    return client.post("/v1/smelts", json=note)


def end_one(database: Database, *, well: bool) -> None:
    with database.service() as conn:
        claim = claim_next(conn, OUTPUTS, 30)
    assert claim is not None
    with database.service() as conn:
        begin_output(conn, claim)
    with database.service() as conn:
        if well:
            finish_output(conn, claim, "model", 1, 1)
        else:
            fail_output(conn, claim, ErrorCode.SYNTHESIS_FAILED)


def credits_of(database: Database, user_id: UUID) -> int:
    with database.service() as conn:
        sql = "select credits_remaining from user_profiles where user_id = :id"
        return int(conn.execute(text(sql), {"id": user_id}).scalar_one())


def test_fifty_posts_with_one_credit_left_admit_one(
    api: RunningApi, ada: httpx.Client, cast: Cast, database: Database
) -> None:
    ada.get("/v1/profile").raise_for_status()
    set_credits(database, cast.ada.id, 1)
    replies = all_at_once(ada, "POST", "/v1/smelts", json=NOTE)
    assert codes(replies) == {202: 1, 429: CROWD - 1}
    assert {reply.json()["code"] for reply in replies if reply.status_code == 429} == {"credits_exhausted"}
    assert count_smelts(database) == 1
    assert len(api.objects()) == 1


def test_fifty_anonymous_posts_from_one_address_admit_one(
    api: RunningApi, visitor: httpx.Client, database: Database
) -> None:
    replies = all_at_once(visitor, "POST", "/v1/smelts", json=NOTE)
    assert codes(replies) == {202: 1, 429: CROWD - 1}
    assert count_smelts(database) == 1
    assert len(api.objects()) == 1


def test_fifty_first_sign_ins_make_one_profile(api: RunningApi, database: Database) -> None:
    user = uuid4()
    token = mint(JWT_SECRET, "authenticated", user, "new@example.org")
    with api.client({"Authorization": f"Bearer {token}"}) as client:
        replies = all_at_once(client, "GET", "/v1/profile")
    assert codes(replies) == {200: CROWD}
    with database.service() as conn:
        sql = "select count(*), sum(credits_remaining) from user_profiles where user_id = :id"
        assert tuple(conn.execute(text(sql), {"id": user}).one()) == (1, 5)


def test_fifty_posts_under_one_key_make_one_smelt(ada: httpx.Client, database: Database) -> None:
    replies = all_at_once(ada, "POST", "/v1/smelts", json=NOTE, headers={"Idempotency-Key": "once"})
    assert codes(replies) == {202: CROWD}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert count_smelts(database) == 1


def test_fifty_cancels_after_a_result_charge_once(ada: httpx.Client, cast: Cast, database: Database) -> None:
    smelt = post(ada, TWO).json()
    end_one(database, well=True)
    replies = all_at_once(ada, "POST", f"/v1/smelts/{smelt['id']}/cancel")
    assert codes(replies) == {200: 1, 409: CROWD - 1}
    assert credits_of(database, cast.ada.id) == 4


def test_fifty_retries_start_it_once(ada: httpx.Client, cast: Cast, database: Database) -> None:
    smelt = post(ada).json()
    end_one(database, well=False)
    set_credits(database, cast.ada.id, 1)
    replies = all_at_once(ada, "POST", f"/v1/smelts/{smelt['id']}/retry")
    assert codes(replies) == {202: 1, 409: CROWD - 1}
    end_one(database, well=True)
    assert credits_of(database, cast.ada.id) == 0


def test_taking_the_result_and_deleting_is_charged(ada: httpx.Client, cast: Cast, database: Database) -> None:
    """Content or all of it: whichever way she ends it, the result was there to take."""
    for n, path in enumerate(("/content", "")):
        smelt = post(ada, TWO).json()
        end_one(database, well=True)
        ada.delete(f"/v1/smelts/{smelt['id']}{path}").raise_for_status()
        assert credits_of(database, cast.ada.id) == 4 - n


def test_failing_on_purpose_is_free_a_few_times_a_day(
    strict: RunningApi, cast: Cast, database: Database
) -> None:
    with strict.client(cast.ada.headers) as ada:
        for _ in range(3):
            smelt = post(ada).json()
            end_one(database, well=False)
            ada.delete(f"/v1/smelts/{smelt['id']}").raise_for_status()  # doesn't make it uncounted
        refused = post(ada)
        assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")
        assert 0 < int(refused.headers["Retry-After"]) <= 86_400
        assert "midnight" in refused.json()["detail"]
        usage = ada.get("/v1/usage").json()
        assert (usage["remaining"], usage["resets_at"][11:]) == (0, "00:00:00Z")
        assert credits_of(database, cast.ada.id) == 5
        with database.service() as conn:  # tomorrow
            conn.execute(text("update user_profiles set uncharged_on = uncharged_on - 1"))
        assert post(ada).status_code == 202


def test_cancelling_early_and_retrying_counts_each_time(
    strict: RunningApi, cast: Cast, database: Database
) -> None:
    with strict.client(cast.ada.headers) as ada:
        smelt = post(ada).json()
        for _ in range(2):
            ada.post(f"/v1/smelts/{smelt['id']}/cancel").raise_for_status()
            assert ada.post(f"/v1/smelts/{smelt['id']}/retry").status_code == 202
        ada.post(f"/v1/smelts/{smelt['id']}/cancel").raise_for_status()
        refused = ada.post(f"/v1/smelts/{smelt['id']}/retry")
        assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")


def test_a_visitor_who_fails_on_purpose_is_stopped_too(strict: RunningApi, database: Database) -> None:
    with strict.client() as visitor:
        for _ in range(3):
            assert post(visitor).status_code == 202
            end_one(database, well=False)
        assert post(visitor).json()["code"] == "daily_limit_reached"
        assert visitor.get("/v1/usage").json()["remaining"] == 0


def test_a_lowered_maximum_never_makes_credits_negative(
    ada: httpx.Client, cast: Cast, database: Database
) -> None:
    for _ in range(3):
        assert post(ada).status_code == 202
    with database.service() as conn:
        conn.execute(text("update user_profiles set weekly_credits_max = 1, credits_remaining = 1"))
    for _ in range(3):
        end_one(database, well=True)
    assert credits_of(database, cast.ada.id) == 0
    assert post(ada).json()["code"] == "credits_exhausted"


def test_the_spend_breaker_refuses_and_says_when(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"platform_daily_cap": 2})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        replies = [post(ada) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [202, 202, 503]
        assert replies[-1].json()["code"] == "busy"
        assert 0 < int(replies[-1].headers["Retry-After"]) <= 86_400
        assert len(api.objects()) == 2
        for accepted in replies[:2]:  # deleting them doesn't make room
            ada.delete(f"/v1/smelts/{accepted.json()['id']}").raise_for_status()
        assert post(ada).status_code == 503
    with running(settings.model_copy(update={"platform_daily_cap": 3})) as api:
        with api.client(cast.ada.headers) as ada:
            ada.delete("/v1/account").raise_for_status()
        with api.client(cast.bob.headers) as bob:
            assert [post(bob).status_code for _ in range(2)] == [202, 503]
