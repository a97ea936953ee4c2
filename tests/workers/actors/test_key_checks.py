"""Own API keys that are in use, asked about again as the maintenance worker does."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from db.accounts.api_keys import put_api_key
from pipeline.content.keyring import user_context
from pipeline.settings import Settings
from pipeline.states import Tier
from tests.support import llm_server
from tests.support.cast import Cast
from tests.support.llm_server import LlmServer
from tests.support.slow_server import slow_server
from tests.support.smelts import admit_all, new_smelt, set_credits
from workers.actors.key_checks import SILENT
from workers.actors.maintenance import maintain
from workers.notifications.queues import ActorName
from workers.reconciler.loop import ensure_schedules
from workers.runner.run import run_next
from workers.services import Services

KEY = "sk-planted-key-of-ada-7Q2w"


@pytest.fixture
def provider() -> Iterator[LlmServer]:
    with llm_server.running() as server:
        server.api_key = KEY
        yield server


@pytest.fixture
def settings(settings: Settings, provider: LlmServer) -> Settings:
    return settings.model_copy(update={"user_key_base_url": provider.url})


def put_key(services: Services, user: UUID, key: str = KEY) -> None:
    """And uses it at once."""
    wrapped = services.keyring.wrap(key.encode(), user_context(user))
    with services.database.service() as conn:
        set_credits(conn, user, 5)
        put_api_key(conn, user, wrapped, services.keyring.key_id(wrapped), key[-4:])
        admit_all(conn, replace(new_smelt(user, audio=1, prompts=()), tier=Tier.OWN_KEY))


def let_time_pass(services: Services) -> None:
    with services.database.service() as conn:
        conn.execute(text("update user_api_keys set check_at = check_at - interval '1 hour'"))
        conn.execute(text("delete from schedule_runs where job = 'check_api_keys'"))


def run_all(services: Services) -> None:
    ensure_schedules(services)
    while run_next(services, ActorName.PURGE_CONTENT, maintain, threading.Event()):
        pass


def status(services: Services, user: UUID) -> str:
    sql = "select api_key_status::text from user_profiles where user_id = :id"
    with services.database.service() as conn:
        return str(conn.execute(text(sql), {"id": user}).scalar_one())


def count(services: Services, what: str) -> int:
    with services.database.service() as conn:
        return int(conn.execute(text(f"select count(*) from {what}")).scalar_one())


def test_a_key_that_was_revoked_is_found_though_no_output_runs_on_it(
    services: Services, cast: Cast, provider: LlmServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Smelts without prompts never ask the provider for anything."""
    caplog.set_level(logging.DEBUG)
    put_key(services, cast.ada.id)
    provider.api_key = "sk-another"
    run_all(services)
    assert status(services, cast.ada.id) == "valid"  # its last word is young
    let_time_pass(services)
    run_all(services)
    assert status(services, cast.ada.id) == "invalid"
    assert count(services, "schedule_runs where job = 'check_api_keys'") == 1
    assert KEY[:-4] not in caplog.text
    let_time_pass(services)
    run_all(services)
    assert count(services, "schedule_runs where job = 'check_api_keys'") == 0


def test_a_key_that_is_good_stays_and_is_left_alone_until_it_is_used(services: Services, cast: Cast) -> None:
    put_key(services, cast.ada.id)
    let_time_pass(services)
    run_all(services)
    assert status(services, cast.ada.id) == "valid"
    assert count(services, "user_api_keys where check_at is null and checked_at is not null") == 1


def test_a_provider_that_is_away_or_silent_changes_nothing_and_is_soon_left_alone(
    services: Services, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.llm.provider_check.DEADLINE", 0.5)
    with services.database.service() as conn:
        others = conn.execute(
            text(
                "insert into auth.users (id) select gen_random_uuid() from generate_series(1, :n) returning id"
            ),
            {"n": SILENT},
        )
        users = [cast.ada.id, *others.scalars()]
    for user in users:
        put_key(services, user)
    let_time_pass(services)
    with slow_server() as silent:
        silent.mode = "dripping_head"
        away = replace(
            services, settings=services.settings.model_copy(update={"user_key_base_url": silent.url})
        )
        run_all(away)
        assert silent.asked == SILENT
    assert {status(services, user) for user in users} == {"valid"}
    assert count(services, "user_api_keys where check_at > now()") == SILENT
    let_time_pass(services)
    run_all(services)
    assert count(services, "user_api_keys where check_at is null") == len(users)


def test_a_key_that_can_not_be_unwrapped_keeps_no_other_from_being_checked(
    services: Services, cast: Cast, provider: LlmServer
) -> None:
    put_key(services, cast.ada.id)
    put_key(services, cast.bob.id)
    with services.database.service() as conn:
        conn.execute(
            text("update user_api_keys set ciphertext = 'damaged' where user_id = :id"), {"id": cast.ada.id}
        )
    provider.api_key = "sk-another"
    let_time_pass(services)
    run_all(services)
    assert status(services, cast.ada.id) == "valid"
    assert status(services, cast.bob.id) == "invalid"
