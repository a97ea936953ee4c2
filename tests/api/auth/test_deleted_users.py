"""A user who is deleted in `auth.users` itself is gone as by the API; on Supabase the API deletes them there too."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db import migrate
from db.session import Database
from db.work.claims import claim_next
from db.work.outputs import OUTPUTS, finish_output
from deploy.local_users import mint
from pipeline.errors import LostLease
from pipeline.settings import Settings
from tests.api.account.test_account_data import NOTE, OF_USERS, furnish
from tests.api.conftest import RunningApi, running
from tests.support.engines import PostgresServer
from tests.support.secrets import JWT_SECRET
from tests.support.supabase import supabase
from workers.reconciler.purge import purge_orphans
from workers.services import Services


@dataclass(frozen=True)
class Harness:
    """`owner_url`: a superuser's, as whom a dashboard may delete. `supabase`: the users are the sign-in service's."""

    api: RunningApi
    database: Database
    owner_url: str
    supabase: bool

    def sign_up(self) -> tuple[UUID, dict[str, str]]:
        """A new user's id and headers. Elsewhere than on Supabase the first request makes the user."""
        user = uuid4()
        if self.supabase:
            with psycopg.connect(self.owner_url) as owner:
                owner.execute("insert into auth.users (id) values (%s)", [user])
        token = mint(JWT_SECRET, "authenticated", user, f"{user.hex}@example.org")
        return user, {"Authorization": f"Bearer {token}"}

    def delete_directly(self, user: UUID) -> None:
        with psycopg.connect(self.owner_url) as owner:
            owner.execute("delete from auth.users where id = %s", [user])

    def left(self, user: UUID) -> dict[str, int]:
        """How many rows of each table have anything of the user's; those without any are left out."""
        with psycopg.connect(self.owner_url) as owner:
            counts = {
                table: owner.execute(f"select count(*) from {table} where {condition}", [user]).fetchone()
                for table, condition in (
                    ("auth.users", "id = %s"),
                    ("fair_tenants", "tenant = 'user:' || %s"),
                    *((table, "user_id = %s") for table in OF_USERS),
                )
            }
        return {table: row[0] for table, row in counts.items() if row is not None and row[0]}


@pytest.fixture(params=["ours", "supabase"])
def harness(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    empty_database_url: str,
    settings: Settings,
) -> Iterator[Harness]:
    on_supabase = request.param == "supabase"
    app_url = postgres.app_url(empty_database_url.partition("?")[0].rpartition("/")[2])
    with ExitStack() as stack:
        owner_url = stack.enter_context(supabase(empty_database_url)) if on_supabase else empty_database_url
        migrate.upgrade(owner_url)
        changed = settings.model_copy(update={"database_url": SecretStr(app_url)})
        api = stack.enter_context(running(changed))
        database = Database(app_url)
        stack.callback(database.close)
        yield Harness(api, database, empty_database_url, on_supabase)


def test_the_api_deletes_the_user_in_the_database_too(harness: Harness) -> None:
    user, headers = harness.sign_up()
    with harness.api.client(headers) as client:
        furnish(client)
        assert harness.left(user).keys() >= {"auth.users", "smelts", "prompts", "api_tokens", "fair_tenants"}
        assert client.delete("/v1/account").status_code == 204
        assert harness.left(user) == {}
        assert harness.api.objects() == []
        refused = client.get("/v1/profile")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert harness.left(user) == {}


def test_who_is_deleted_in_the_database_is_gone_as_well(harness: Harness) -> None:
    user, headers = harness.sign_up()
    other, others_headers = harness.sign_up()
    with harness.api.client(headers) as client, harness.api.client(others_headers) as bob:
        furnish(client)
        kept = furnish(bob)["id"]
        machine = client.post("/v1/tokens", json={"name": "another"}).json()["token"]
        harness.delete_directly(user)
        assert harness.left(user) == {}
        for given in (headers, {"Authorization": f"Bearer {machine}"}):
            for reply in (
                client.get("/v1/profile", headers=given),
                client.post("/v1/smelts", json=NOTE, headers=given),
            ):
                assert (reply.status_code, reply.json()["code"]) == (401, "invalid_token")
        assert bob.get(f"/v1/smelts/{kept}").status_code == 200
    assert harness.left(user) == {}
    assert harness.left(other)["smelts"] == 1
    with harness.database.service() as conn:
        deletion = conn.execute(text("select to_jsonb(deleted_users)::text from deleted_users")).scalar_one()
    assert user.hex not in deletion
    assert str(user) not in deletion


def test_the_content_is_unreadable_at_once_and_swept_away(harness: Harness) -> None:
    """The key went with the row: what the store still has, nobody can open."""
    user, headers = harness.sign_up()
    with harness.api.client(headers) as client:
        smelt = furnish(client)["id"]
        with harness.database.service() as conn:
            running = claim_next(conn, OUTPUTS, 30)
        assert running is not None
        harness.delete_directly(user)
    with pytest.raises(LostLease), harness.database.service() as conn:
        finish_output(conn, running, "model", 1, 1)
    assert [path.parent.name for path in harness.api.objects()] == [smelt]
    services = Services.open(harness.api.settings)
    try:
        assert purge_orphans(services, timedelta(0)) == 1
    finally:
        services.close()
    assert harness.api.objects() == []


def test_who_comes_back_after_it_has_no_fresh_credits(harness: Harness) -> None:
    user, headers = harness.sign_up()
    with harness.api.client(headers) as client:
        client.get("/v1/profile").raise_for_status()
        harness.delete_directly(user)
        with psycopg.connect(harness.owner_url) as owner:
            owner.execute("update deleted_users set deleted_at = now() - interval '1 minute'")
            if harness.supabase:
                owner.execute("insert into auth.users (id) values (%s)", [user])
        token = mint(JWT_SECRET, "authenticated", user, "again@example.org")
        again: httpx.Response = client.get("/v1/profile", headers={"Authorization": f"Bearer {token}"})
    assert (again.status_code, again.json()["credits_remaining"]) == (200, 0)
    assert datetime.fromisoformat(again.json()["credits_reset_at"]) > datetime.now(UTC)
