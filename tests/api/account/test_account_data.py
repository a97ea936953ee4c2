"""The whole account: exported as it is stored, deleted for good, and not brought back by a token from before."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from sqlalchemy import text

from db.session import Database
from db.work.claims import Claim, claim_next
from db.work.outputs import OUTPUTS, finish_output
from pipeline.errors import LostLease
from tests.api.conftest import RunningApi
from tests.support.cast import Cast, User
from tests.support.in_process_worker import do_all_work
from tests.support.secrets import JWT_SECRET

NOTE: dict[str, Any] = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
OF_USERS = ("smelts", "prompts", "prompt_sections", "api_tokens", "user_api_keys", "user_profiles")


def furnish(client: httpx.Client) -> dict[str, Any]:
    """A prompt, a machine token, a webhook secret and a smelt; returns the smelt."""
    assert client.post("/v1/prompts", json={"title": "Mine", "body": "Rhyme it."}).status_code == 201
    assert client.post("/v1/tokens", json={"name": "nightly"}).status_code == 201
    assert client.post("/v1/webhook-secret").status_code == 201
    posted = client.post("/v1/smelts", json=NOTE, headers={"Idempotency-Key": "mine"})
    smelt: dict[str, Any] = posted.raise_for_status().json()
    return smelt


def rows_of(database: Database, user_id: UUID) -> dict[str, int]:
    with database.service() as conn:
        return {
            table: conn.execute(
                text(f"select count(*) from {table} where user_id = :id"), {"id": user_id}
            ).scalar_one()
            for table in OF_USERS
        }


def sign_in(user: User, issued_at: datetime | None) -> dict[str, str]:
    claims: dict[str, Any] = {
        "sub": str(user.id),
        "role": "authenticated",
        "aud": "authenticated",
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    if issued_at is not None:
        claims["iat"] = issued_at
    return {"Authorization": f"Bearer {jwt.encode(claims, JWT_SECRET, 'HS256')}"}


def test_the_export_has_all_that_is_stored_and_nothing_of_others(
    api: RunningApi, ada: httpx.Client, bob: httpx.Client
) -> None:
    smelt = furnish(ada)
    bobs = furnish(bob)
    do_all_work(api.settings)
    export = ada.get("/v1/account/export")
    tables = export.json()["tables"]
    assert export.json()["exported_at"].endswith("Z")
    assert [row["id"] for row in tables["smelts"]] == [smelt["id"]]
    assert [row["id"] for row in tables["smelt_files"]] == [smelt["files"][0]["id"]]
    assert [row["status"] for row in tables["smelt_outputs"]] == ["completed"]
    assert [row["body"] for row in tables["prompts"]] == ["Rhyme it."]
    assert [row["name"] for row in tables["api_tokens"]] == ["nightly"]
    assert tables["user_profiles"][0]["credits_remaining"] == 4
    assert [row["email"] for row in tables["users"]] == ["ada@example.org"]
    assert tables["idempotency_keys"][0]["idempotency_key"] == "mine"
    assert [row["expires_at"] for row in tables["webhook_secrets"]] == [None]
    assert bobs["id"] not in export.text
    for secret in ("content_key", "token_hash", "ciphertext", "tenant", "fingerprint"):
        assert secret not in export.text


def test_deleting_leaves_neither_row_nor_object(
    api: RunningApi, ada: httpx.Client, bob: httpx.Client, cast: Cast, database: Database
) -> None:
    furnish(ada)
    kept = furnish(bob)
    assert ada.delete("/v1/account").status_code == 204
    assert set(rows_of(database, cast.ada.id).values()) == {0}
    with database.service() as conn:
        users = conn.execute(text("select id from auth.users")).scalars().all()
        left = conn.execute(text("select to_jsonb(deleted_users)::text from deleted_users")).scalars().all()
        tags = conn.execute(text("select tenant from fair_tenants")).scalars().all()
    assert cast.ada.id not in users
    assert cast.bob.id in users
    assert f"user:{cast.ada.id}" not in tags
    assert len(left) == 1
    assert str(cast.ada.id) not in left[0]
    assert cast.ada.id.hex not in left[0]
    assert {path.parent.name for path in api.objects()} == {kept["id"]}
    assert bob.get(f"/v1/smelts/{kept['id']}").status_code == 200


def test_a_worker_on_a_deleted_smelt_finds_it_gone(
    api: RunningApi, ada: httpx.Client, database: Database
) -> None:
    furnish(ada)
    with database.service() as conn:
        claim = claim_next(conn, OUTPUTS, 30)
    assert isinstance(claim, Claim)
    ada.delete("/v1/account").raise_for_status()
    with pytest.raises(LostLease), database.service() as conn:
        finish_output(conn, claim, "model", 1, 1)


def test_tokens_from_before_open_nothing(
    ada: httpx.Client, visitor: httpx.Client, cast: Cast, database: Database
) -> None:
    machine = ada.post("/v1/tokens", json={"name": "nightly"}).json()["token"]
    ada.delete("/v1/account").raise_for_status()
    before = datetime.now(UTC) - timedelta(minutes=5)
    for headers in (
        cast.ada.headers,
        sign_in(cast.ada, before),
        sign_in(cast.ada, None),
        {"Authorization": f"Bearer {machine}"},
    ):
        for reply in (
            visitor.get("/v1/profile", headers=headers),
            visitor.post("/v1/smelts", json=NOTE, headers=headers),
            visitor.delete("/v1/account", headers=headers),
        ):
            assert (reply.status_code, reply.json()["code"]) == (401, "invalid_token")
    assert set(rows_of(database, cast.ada.id).values()) == {0}


def test_who_comes_back_begins_anew_and_without_fresh_credits(
    ada: httpx.Client, visitor: httpx.Client, cast: Cast, database: Database
) -> None:
    furnish(ada)
    ada.delete("/v1/account").raise_for_status()
    with database.service() as conn:
        conn.execute(text("update deleted_users set deleted_at = now() - interval '1 minute'"))
    headers = sign_in(cast.ada, datetime.now(UTC))
    profile = visitor.get("/v1/profile", headers=headers).json()
    assert (profile["credits_remaining"], profile["weekly_credits_max"]) == (0, 5)
    assert visitor.get("/v1/smelts", headers=headers).json()["items"] == []
    assert visitor.post("/v1/smelts", json=NOTE, headers=headers).json()["code"] == "credits_exhausted"


def test_deleting_while_posting_leaves_nothing_behind(
    api: RunningApi, ada: httpx.Client, cast: Cast, database: Database
) -> None:
    ada.get("/v1/profile").raise_for_status()
    with ThreadPoolExecutor(12) as pool:
        posts = [pool.submit(ada.post, "/v1/smelts", json=NOTE) for _ in range(20)]
        deleted = pool.submit(ada.delete, "/v1/account").result()
        statuses = {post.result().status_code for post in posts}
    assert deleted.status_code == 204
    assert statuses <= {202, 401, 429}
    assert set(rows_of(database, cast.ada.id).values()) == {0}
    assert api.objects() == []
