"""Tricks of callers who want more than they may have. Their races are in test_races.py."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from db.accounts.profiles import reset_credits
from db.session import Database
from db.work.claims import claim_next
from db.work.outputs import OUTPUTS, begin_output, fail_output, finish_output
from pipeline.settings import Settings
from pipeline.states import ErrorCode
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
TWO: dict[str, Any] = {**NOTE, "default_prompt_names": ["summarize", "action_items"]}


@pytest.fixture
def strict(settings: Settings) -> Iterator[RunningApi]:
    """Three smelts a day may end without a charge."""
    with running(settings.model_copy(update={"uncharged_daily": 3, "anonymous_daily": 1})) as api:
        yield api


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


def credits_shown(client: httpx.Client) -> tuple[int, int]:
    profile = client.get("/v1/profile").json()
    return profile["credits_remaining"], profile["weekly_credits_max"]


def test_taking_the_result_and_deleting_is_charged(ada: httpx.Client, cast: Cast, database: Database) -> None:
    """Content or all of it: whichever way the user ends it, the result was there to take."""
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


def test_a_lowered_maximum_takes_nothing_back_and_gives_nothing(
    settings: Settings, cast: Cast, database: Database
) -> None:
    with running(settings) as api, api.client(cast.ada.headers) as ada:
        for _ in range(3):
            assert post(ada).status_code == 202
    lowered = settings.model_copy(update={"weekly_credits": 1})
    with running(lowered) as api, api.client(cast.ada.headers) as ada:
        assert post(ada).json()["code"] == "credits_exhausted"
        for _ in range(3):
            end_one(database, well=True)
        assert credits_shown(ada) == (0, 3)
        assert post(ada).json()["code"] == "credits_exhausted"
    with running(settings) as api, api.client(cast.ada.headers) as ada:
        assert credits_shown(ada) == (2, 5)


def test_a_raised_maximum_holds_at_once_for_who_has_used_all(
    settings: Settings, cast: Cast, database: Database
) -> None:
    few = settings.model_copy(update={"weekly_credits": 1})
    with running(few) as api, api.client(cast.ada.headers) as ada:
        assert post(ada).status_code == 202
        end_one(database, well=True)
        assert post(ada).json()["code"] == "credits_exhausted"
    raised = settings.model_copy(update={"weekly_credits": 3})
    with running(raised) as api, api.client(cast.ada.headers) as ada:
        assert (credits_shown(ada), ada.get("/v1/usage").json()["remaining"]) == ((2, 3), 2)
        for _ in range(2):
            assert post(ada).status_code == 202
            end_one(database, well=True)
        assert credits_shown(ada) == (0, 3)
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


def test_one_part_that_fails_on_purpose_is_worked_on_a_few_times_a_day(
    strict: RunningApi, cast: Cast, database: Database
) -> None:
    """The smelt is paid for, so a retry costs nothing; without a bound the broken file would be read for ever."""
    with strict.client(cast.ada.headers) as ada:
        smelt = post(ada, TWO).json()
        end_one(database, well=True)
        end_one(database, well=False)
        for _ in range(3):
            assert ada.post(f"/v1/smelts/{smelt['id']}/retry").status_code == 202
            end_one(database, well=False)
        for refused in (ada.post(f"/v1/smelts/{smelt['id']}/retry"), post(ada)):
            assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")
        assert credits_of(database, cast.ada.id) == 4


def test_a_visitors_broken_part_neither(strict: RunningApi, database: Database) -> None:
    with strict.client() as visitor:
        smelt = post(visitor, TWO).json()
        end_one(database, well=True)
        end_one(database, well=False)
        headers = {"Authorization": f"Bearer {smelt['access_token']}"}
        for _ in range(3):
            assert visitor.post(f"/v1/smelts/{smelt['id']}/retry", headers=headers).status_code == 202
            end_one(database, well=False)
        refused = visitor.post(f"/v1/smelts/{smelt['id']}/retry", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit_reached")


def test_retries_count_for_the_platform(settings: Settings, cast: Cast, database: Database) -> None:
    with (
        running(settings.model_copy(update={"platform_daily_cap": 2})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        smelt = post(ada).json()
        end_one(database, well=False)
        assert ada.post(f"/v1/smelts/{smelt['id']}/retry").status_code == 202
        end_one(database, well=False)
        refused = ada.post(f"/v1/smelts/{smelt['id']}/retry")
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")


def test_a_reset_while_smelts_run_makes_no_credit_of_what_is_reserved(
    ada: httpx.Client, cast: Cast, database: Database
) -> None:
    for _ in range(3):
        assert post(ada).status_code == 202
    end_one(database, well=True)
    with database.service() as conn:
        conn.execute(text("update user_profiles set credits_reset_at = now() - interval '1 hour'"))
    with database.service() as conn:
        assert reset_credits(conn, 10) == 1
    usage = ada.get("/v1/usage").json()
    assert usage["remaining"] == 3  # five, and two that haven't ended
    assert [post(ada).status_code for _ in range(4)] == [202, 202, 202, 429]
    for _ in range(5):
        end_one(database, well=True)
    assert credits_of(database, cast.ada.id) == 0
