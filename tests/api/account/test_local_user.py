"""Whose machine the service runs on: no credits to run out of, limits of one's own, and only that one user."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from db.session import Database
from pipeline.settings import Settings
from tests.api.conftest import running
from tests.support.cast import Cast
from tests.support.in_process_worker import do_all_work
from tests.support.rows import set_credits

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


@pytest.fixture
def machine(settings: Settings, cast: Cast) -> Settings:
    """Ada's, on which nothing is granted to others."""
    changes = {"local_user": cast.ada.id, "weekly_credits": 0, "platform_daily_cap": 0}
    return settings.model_copy(update=changes)


@pytest.fixture
def ada(machine: Settings, cast: Cast) -> Iterator[httpx.Client]:
    with running(machine) as api, api.client(cast.ada.headers) as ada:
        yield ada


def test_nothing_runs_out_and_nothing_is_charged(
    ada: httpx.Client, machine: Settings, cast: Cast, database: Database
) -> None:
    assert ada.get("/v1/profile").json()["tier"] == "local"
    set_credits(database, cast.ada.id, 0)
    for _ in range(2):
        posted = ada.post("/v1/smelts", json=NOTE)
        assert (posted.status_code, posted.json()["tier"]) == (202, "local"), posted.text
    do_all_work(machine)
    smelts = ada.get("/v1/smelts").json()["items"]
    assert [smelt["status"] for smelt in smelts] == ["completed"] * 2
    usage = ada.get("/v1/usage").json()
    assert (usage["tier"], usage["remaining"], usage["resets_at"]) == ("local", None, None)
    assert usage["limits"]["audio_bytes"] == machine.local_audio_bytes > machine.own_key_audio_bytes


def test_what_fails_or_is_canceled_isnt_counted_and_can_be_retried(
    ada: httpx.Client, machine: Settings
) -> None:
    for _ in range(machine.uncharged_daily + 1):
        smelt = ada.post("/v1/smelts", json=NOTE).raise_for_status().json()
        ada.post(f"/v1/smelts/{smelt['id']}/cancel").raise_for_status()
    retried = ada.post(f"/v1/smelts/{smelt['id']}/retry")
    assert retried.status_code == 202, retried.text


def test_a_smelt_of_the_time_before_isnt_retried_without_credits(
    ada: httpx.Client, machine: Settings, cast: Cast
) -> None:
    """Whoever was the local user then is one with credits, once the service is everybody's."""
    smelt = ada.post("/v1/smelts", json=NOTE).raise_for_status().json()
    ada.post(f"/v1/smelts/{smelt['id']}/cancel").raise_for_status()
    with (
        running(machine.model_copy(update={"local_user": None})) as api,
        api.client(cast.ada.headers) as again,
    ):
        refused = again.post(f"/v1/smelts/{smelt['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (429, "credits_exhausted"), refused.text


def test_a_repeated_post_is_compared_by_the_widest_limits(machine: Settings, cast: Cast) -> None:
    wider = machine.model_copy(update={"own_key_text_bytes": 10})
    headers = {**cast.ada.headers, "Idempotency-Key": "again"}
    with running(wider) as api, api.client(headers) as ada:
        first, second = (ada.post("/v1/smelts", json=NOTE) for _ in range(2))
    assert first.json()["id"] == second.json()["id"], second.text


def test_a_machine_token_is_that_users_too(ada: httpx.Client) -> None:
    token = ada.post("/v1/tokens", json={"name": "script"}).raise_for_status().json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert ada.post("/v1/smelts", json=NOTE, headers=headers).json()["tier"] == "local"


def test_nobody_else_is_on_that_tier(ada: httpx.Client, cast: Cast) -> None:
    profile = ada.get("/v1/profile", headers=cast.bob.headers).json()
    assert (profile["tier"], profile["credits_remaining"]) == ("credits", 0)
    refused = ada.post("/v1/smelts", json=NOTE, headers=cast.bob.headers)
    assert refused.json()["code"] == "credits_exhausted"
