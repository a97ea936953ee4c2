"""Users' own API keys: checked before they are stored, never seen again, used for their owner's smelts alone."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.services import KEY_CHECKS
from db.accounts.api_keys import get_api_key, mark_api_key_invalid
from db.accounts.rewrap import rewrap_all
from db.session import Database
from pipeline.content.keyring import KeyRing, KeyTampered, user_context
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support import llm_server
from tests.support.cast import Cast
from tests.support.in_process_worker import do_all_work
from tests.support.llm_server import STEPS, LlmServer
from tests.support.slow_server import slow_server
from tests.support.waiting import wait_until

KEY = "sk-planted-key-of-ada-7Q2w"
NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
TWO: dict[str, Any] = {**NOTE, "default_prompt_names": ["summarize", "action_items"]}


@pytest.fixture
def provider() -> Iterator[LlmServer]:
    with llm_server.running() as server:
        server.api_key = KEY
        yield server


@pytest.fixture
def settings(settings: Settings, provider: LlmServer) -> Settings:
    return settings.model_copy(update={"user_key_base_url": provider.url, "rate_key_checks": 1_000})


def put(client: httpx.Client, key: str = KEY) -> httpx.Response:
    return client.put("/v1/api-key", json={"api_key": key})


def ended(client: httpx.Client, api: RunningApi, note: dict[str, Any] = NOTE) -> dict[str, Any]:
    """The smelt after the workers' part."""
    posted = client.post("/v1/smelts", json=note)
    assert posted.status_code == 202, posted.text
    do_all_work(api.settings)
    smelt: dict[str, Any] = client.get(f"/v1/smelts/{posted.json()['id']}").json()
    return smelt


def test_a_good_key_is_stored_and_lifts_the_limits(ada: httpx.Client) -> None:
    assert ada.get("/v1/api-key").json() == {"status": "none", "last_four": None, "validated_at": None}
    reply = put(ada)
    assert reply.status_code == 200
    assert (reply.json()["status"], reply.json()["last_four"]) == ("valid", KEY[-4:])
    assert ada.get("/v1/api-key").json() == reply.json()
    assert ada.get("/v1/usage").json()["remaining"] is None
    assert ada.get("/v1/profile").json()["tier"] == "own_key"


def test_a_key_that_the_provider_rejects_is_not_stored(ada: httpx.Client, database: Database) -> None:
    refused = put(ada, "sk-not-a-key-of-anyone")
    assert (refused.status_code, refused.json()["code"]) == (422, "api_key_invalid")
    with database.service() as conn:
        assert conn.execute(text("select count(*) from user_api_keys")).scalar_one() == 0
    assert put(ada).status_code == 200
    put(ada, "sk-not-a-key-of-anyone")
    assert ada.get("/v1/api-key").json()["last_four"] == KEY[-4:]


def test_a_provider_out_of_reach_leaves_all_as_it_was(
    settings: Settings, cast: Cast, database: Database
) -> None:
    for url in ("http://127.0.0.1:1/v1", "http://127.0.0.1:1"):
        nowhere = settings.model_copy(update={"user_key_base_url": url})
        with running(nowhere) as api, api.client(cast.ada.headers) as ada:
            reply = put(ada)
            assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
            assert int(reply.headers["Retry-After"]) > 0
            assert ada.get("/v1/api-key").json()["status"] == "none"


def test_what_is_no_key_is_refused_and_not_repeated(ada: httpx.Client) -> None:
    for key in (
        "",
        "short",
        "with space-and-more",
        "kéy-of-somebody",
        "line\r\nX-Evil: 1-and-more",
        "k" * 513,
    ):
        reply = put(ada, key)
        assert (reply.status_code, reply.json()["code"]) == (422, "validation_failed")
        assert not key or key not in reply.text


def test_keys_are_not_tried_out_here(settings: Settings, cast: Cast, provider: LlmServer) -> None:
    with (
        running(settings.model_copy(update={"rate_key_checks": 3})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        replies = [put(ada, f"sk-stolen-somewhere-{n}") for n in range(4)]
    assert [reply.status_code for reply in replies] == [422, 422, 422, 429]
    assert {reply.headers["RateLimit-Policy"] for reply in replies} == {'"key-checks";q=3;w=60'}


def test_smelts_use_the_users_own_key_and_cost_no_credit(
    api: RunningApi, ada: httpx.Client, bob: httpx.Client, provider: LlmServer
) -> None:
    put(ada)
    smelt = ended(ada, api, TWO)
    assert (smelt["status"], smelt["tier"]) == ("completed", "own_key")
    assert [call.key for call in provider.calls] == [KEY, KEY]
    assert ada.get("/v1/profile").json()["credits_remaining"] == 5
    assert ended(bob, api)["outputs"][0]["model"] == "extractive"
    assert len(provider.calls) == 2


@pytest.mark.parametrize(("step", "code"), [("bad_key", "api_key_invalid"), ("quota", "api_quota_exhausted")])
def test_a_key_that_fails_in_the_middle_says_so_and_is_marked(
    api: RunningApi, ada: httpx.Client, provider: LlmServer, step: str, code: str
) -> None:
    put(ada)
    provider.script.append(STEPS[step])
    smelt = ended(ada, api, TWO)
    assert smelt["status"] == "completed"  # the other output was made
    assert sorted(str(output["error_code"]) for output in smelt["outputs"]) == ["None", code]
    assert ada.get("/v1/api-key").json()["status"] == "invalid"
    assert ada.get("/v1/profile").json()["tier"] == "credits"
    assert put(ada).json()["status"] == "valid"


def test_a_key_deleted_in_the_middle_fails_what_is_left(
    api: RunningApi, ada: httpx.Client, provider: LlmServer
) -> None:
    put(ada)
    posted = ada.post("/v1/smelts", json=NOTE).json()
    assert ada.delete("/v1/api-key").status_code == 204
    assert ada.delete("/v1/api-key").status_code == 204
    do_all_work(api.settings)
    smelt = ada.get(f"/v1/smelts/{posted['id']}").json()
    assert [output["error_code"] for output in smelt["outputs"]] == ["api_key_invalid"]
    assert provider.calls == []
    assert ada.get("/v1/api-key").json() == {"status": "none", "last_four": None, "validated_at": None}


def test_a_key_removed_while_a_post_arrives_admits_nothing_on_it(
    api: RunningApi, ada: httpx.Client, cast: Cast, database: Database
) -> None:
    """What is sent again is taken on credits, and measured by their limits."""
    put(ada)
    body, json_type = json.dumps(NOTE).encode(), {"Content-Type": "application/json"}

    def slowly() -> Iterator[bytes]:
        yield body[:10]
        wait_until(lambda: api.services.staging.by(f"user:{cast.ada.id}") > 0)  # it goes by the key by then
        with api.client(cast.ada.headers) as meanwhile:
            assert meanwhile.delete("/v1/api-key").status_code == 204
        yield body[10:]

    refused = ada.post("/v1/smelts", content=slowly(), headers=json_type)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["Retry-After"] == "1"
    assert api.objects() == []
    again = ada.post("/v1/smelts", content=body, headers=json_type)
    assert (again.status_code, again.json()["tier"]) == (202, "credits")


def test_a_retry_on_a_key_that_is_gone_says_so(api: RunningApi, ada: httpx.Client) -> None:
    put(ada)
    smelt = ada.post("/v1/smelts", json=NOTE).json()
    assert ada.post(f"/v1/smelts/{smelt['id']}/cancel").status_code == 200
    ada.delete("/v1/api-key")
    refused = ada.post(f"/v1/smelts/{smelt['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (422, "api_key_invalid")
    put(ada)
    assert ada.post(f"/v1/smelts/{smelt['id']}/retry").status_code == 202


def test_a_key_put_meanwhile_stays_valid(ada: httpx.Client, cast: Cast, database: Database) -> None:
    put(ada)
    with database.service() as conn:
        used_by_a_worker = get_api_key(conn, cast.ada.id)
    put(ada)
    assert used_by_a_worker is not None
    with database.service() as conn:
        mark_api_key_invalid(conn, cast.ada.id, used_by_a_worker)
    assert ada.get("/v1/api-key").json()["status"] == "valid"


def test_a_key_that_was_wrapped_anew_meanwhile_becomes_invalid(
    api: RunningApi, ada: httpx.Client, cast: Cast, database: Database
) -> None:
    put(ada)
    with database.service() as conn:
        used_by_a_worker = get_api_key(conn, cast.ada.id)
    rotated = KeyRing.parse(f"{KeyRing.generate()},{api.settings.need('keyring')}")
    assert sum(progress.rewrapped for progress in rewrap_all(database, rotated)) > 0
    assert used_by_a_worker is not None
    with database.service() as conn:
        mark_api_key_invalid(conn, cast.ada.id, used_by_a_worker)
    assert ada.get("/v1/api-key").json()["status"] == "invalid"


def test_a_silent_provider_takes_no_thread_from_others(settings: Settings, cast: Cast) -> None:
    """Far more checks than there are threads for all requests; the rest wait without one."""
    checks, held = 60, []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            running(settings.model_copy(update={"user_key_base_url": url})) as api,
            ThreadPoolExecutor(checks) as clients,
            api.client(cast.ada.headers) as ada,
            api.client(cast.bob.headers) as bob,
        ):
            waiting = [clients.submit(put, ada) for _ in range(checks)]
            held += [silent.accept()[0] for _ in range(KEY_CHECKS)]
            assert bob.get("/v1/profile", timeout=5).status_code == 200
            assert not any(each.done() for each in waiting)
            for _ in range(checks - KEY_CHECKS):
                held.pop(0).close()
                held.append(silent.accept()[0])
            for each in held:
                each.close()
            assert {each.result().json()["code"] for each in waiting} == {"unavailable"}


@pytest.mark.parametrize("mode", ["dripping_head", "interim_replies", "silent"])
def test_one_deadline_holds_for_a_check(
    settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("pipeline.llm.provider_check.DEADLINE", 1.0)
    with (
        slow_server() as slow,
        running(settings.model_copy(update={"user_key_base_url": slow.url})) as api,
        api.client(cast.ada.headers) as ada,
    ):
        slow.mode = mode
        begun = time.monotonic()
        reply = put(ada)
        assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
        assert time.monotonic() - begun < 4


def test_a_key_of_one_user_opens_for_no_other(
    api: RunningApi, ada: httpx.Client, bob: httpx.Client, cast: Cast, database: Database
) -> None:
    put(ada)
    put(bob)
    with database.service() as conn:
        conn.execute(
            text(
                """
                update user_api_keys set ciphertext = (
                    select ciphertext from user_api_keys where user_id = :ada
                ) where user_id = :bob
                """
            ),
            {"ada": cast.ada.id, "bob": cast.bob.id},
        )
        swapped = conn.execute(
            text("select ciphertext from user_api_keys where user_id = :bob"), {"bob": cast.bob.id}
        ).scalar_one()
    keyring = api.services.keyring
    assert keyring.unwrap(bytes(swapped), user_context(cast.ada.id)) == KEY.encode()
    with pytest.raises(KeyTampered):
        keyring.unwrap(bytes(swapped), user_context(cast.bob.id))
    assert ended(bob, api)["outputs"][0]["status"] == "failed"


def test_a_key_is_in_no_log_no_row_and_no_file(
    api: RunningApi,
    ada: httpx.Client,
    provider: LlmServer,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    put(ada)
    provider.script.append(STEPS["bad_key"])
    ended(ada, api, TWO)
    secret = KEY[:-4]
    assert secret not in caplog.text
    for path in ("/v1/api-key", "/v1/profile", "/v1/account/export", "/v1/smelts"):
        assert secret not in ada.get(path).text
    with database.service() as conn:
        tables = (
            conn.execute(text("select tablename from pg_tables where schemaname = 'public'")).scalars().all()
        )
        for table in tables:
            rows = conn.execute(text(f"select to_jsonb({table})::text from {table}")).scalars().all()
            assert not any(secret in row or secret.encode().hex() in row for row in rows), table
    files = [path for path in api.settings.data_dir.parent.rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in path.read_bytes() for path in files)
