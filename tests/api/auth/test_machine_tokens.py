"""Machine tokens: shown once, stored as hashes, good for work and not for the account, revoked at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from db.accounts.api_tokens import MOST_TOKENS
from db.session import Database
from tests.api.conftest import RunningApi

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}


def make(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    reply = client.post("/v1/tokens", json={"name": "nightly", **fields})
    assert reply.status_code == 201, reply.text
    token: dict[str, Any] = reply.json()
    return token


def by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def change(database: Database, statement: str) -> None:
    with database.service() as conn:
        conn.execute(text(statement))


def test_a_token_works_as_its_user(ada: httpx.Client, visitor: httpx.Client) -> None:
    made = make(ada)
    assert made["token"].startswith("smelt_")
    assert made["last_four"] == made["token"][-4:]
    posted = visitor.post("/v1/smelts", json=NOTE, headers=by(made["token"]))
    assert posted.status_code == 202
    assert "access_token" not in {name for name, value in posted.json().items() if value is not None}
    assert ada.get(f"/v1/smelts/{posted.json()['id']}").status_code == 200
    assert (
        visitor.get("/v1/smelts", headers=by(made["token"])).json()["items"][0]["id"] == posted.json()["id"]
    )


def test_a_token_is_shown_once_and_stored_as_a_hash(ada: httpx.Client, database: Database) -> None:
    made = make(ada)
    [listed] = ada.get("/v1/tokens").json()["items"]
    assert "token" not in listed
    assert {**listed, "token": made["token"]} == made
    with database.service() as conn:
        row = conn.execute(text("select to_jsonb(api_tokens)::text from api_tokens")).scalar_one()
    assert made["token"] not in row


def test_a_token_that_is_none_opens_nothing(
    ada: httpx.Client, visitor: httpx.Client, database: Database
) -> None:
    token = make(ada)["token"]
    for wrong in (token[:-1], token + "A", "smelt_", token.swapcase(), "smelt_" + "a" * 43):
        assert visitor.get("/v1/usage", headers=by(wrong)).status_code == 401
    change(database, "update api_tokens set expires_at = now() - interval '1 second'")
    refused = visitor.get("/v1/usage", headers=by(token))
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


def test_a_revoked_token_opens_nothing_from_then_on(ada: httpx.Client, visitor: httpx.Client) -> None:
    made = make(ada)
    assert visitor.get("/v1/profile", headers=by(made["token"])).status_code == 200
    assert ada.delete(f"/v1/tokens/{made['id']}").status_code == 204
    assert visitor.get("/v1/profile", headers=by(made["token"])).status_code == 401
    assert ada.delete(f"/v1/tokens/{made['id']}").status_code == 404


def test_a_token_can_not_manage_the_account(ada: httpx.Client, visitor: httpx.Client) -> None:
    headers = by(make(ada)["token"])
    for method, path, body in (
        ("POST", "/v1/tokens", {"name": "another"}),
        ("GET", "/v1/tokens", None),
        ("DELETE", f"/v1/tokens/{uuid4()}", None),
        ("PUT", "/v1/api-key", {"api_key": "sk-of-somebody"}),
        ("DELETE", "/v1/api-key", None),
        ("DELETE", "/v1/account", None),
        ("GET", "/v1/account/export", None),
    ):
        reply = visitor.request(method, path, json=body, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (403, "sign_in_required"), path


def test_nobody_sees_or_revokes_anothers_token(ada: httpx.Client, bob: httpx.Client) -> None:
    made = make(ada)
    assert bob.get("/v1/tokens").json() == {"items": []}
    assert bob.delete(f"/v1/tokens/{made['id']}").status_code == 404
    assert len(ada.get("/v1/tokens").json()["items"]) == 1


def test_the_last_use_is_noted_once_a_minute(
    ada: httpx.Client, visitor: httpx.Client, database: Database
) -> None:
    made = make(ada)

    def used() -> str | None:
        [listed] = ada.get("/v1/tokens").json()["items"]
        at: str | None = listed["last_used_at"]
        return at

    assert used() is None
    visitor.get("/v1/usage", headers=by(made["token"]))
    first = used()
    visitor.get("/v1/usage", headers=by(made["token"]))
    assert first is not None
    assert used() == first
    change(database, "update api_tokens set last_used_at = last_used_at - interval '61 seconds'")
    visitor.get("/v1/usage", headers=by(made["token"]))
    assert used() not in (None, first)


def test_what_no_token_can_be_is_refused(ada: httpx.Client) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    for body in (
        *({}, {"name": ""}, {"name": "a\0"}, {"name": "a" * 101}, {"name": "a", "expires_at": past}),
        {"name": "a", "expires_at": "9999-12-31T23:59:59-12:00"},
        {"name": "a", "expires_at": "0001-01-01T00:00:00+12:00"},
    ):
        assert ada.post("/v1/tokens", json=body).status_code == 422
    ahead = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    assert make(ada, expires_at=ahead)["expires_at"] is not None


def test_a_race_makes_no_more_tokens_than_a_user_may_have(
    api: RunningApi, ada: httpx.Client, database: Database
) -> None:
    for n in range(MOST_TOKENS - 2):
        make(ada, name=f"{n}")
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda n: ada.post("/v1/tokens", json={"name": f"race {n}"}), range(50)))
    assert sorted(reply.status_code for reply in replies) == [201] * 2 + [409] * 48
