"""Migrations up and down, on a plain Postgres and on one that has Supabase's auth schema; what can't be stored."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from db import migrate
from db.migrations import newest, revisions
from db.work.tables import TABLES
from pipeline import states
from tests.support.schema import schema_lines
from tests.support.supabase import supabase


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        yield connection


def tables(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("select tablename from pg_tables where schemaname = 'public'")
    return {row[0] for row in rows}


def test_up_down_and_up_again(empty: psycopg.Connection, empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    made = tables(empty), schema_lines(empty)
    migrate.downgrade(empty_database_url)

    assert tables(empty) == set()
    assert empty.execute("select to_regclass('auth.users') is not null").fetchone() == (True,)
    assert empty.execute("select to_regrole('authenticated') is not null").fetchone() == (True,)
    types = "select typname from pg_type join pg_namespace n on n.oid = typnamespace where nspname = 'public'"
    assert empty.execute(types).fetchall() == []

    migrate.upgrade(empty_database_url)
    assert (tables(empty), schema_lines(empty)) == made


def test_without_its_policies_the_schema_has_none(empty: psycopg.Connection, empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    migrate.downgrade(empty_database_url, "002_tables")

    policies = empty.execute("select count(*) from pg_policies where schemaname = 'public'").fetchone()
    assert policies == (0,)
    migrate.upgrade(empty_database_url)


@pytest.mark.parametrize("revision", revisions())
def test_each_migration_goes_up_and_down_by_itself(
    empty: psycopg.Connection, empty_database_url: str, revision: str
) -> None:
    migrate.upgrade(empty_database_url, revision)
    there = schema_lines(empty)
    migrate.upgrade(empty_database_url)
    whole = schema_lines(empty)
    migrate.downgrade(empty_database_url, revision)
    assert schema_lines(empty) == there
    assert (there == whole) == (revision == newest())
    migrate.upgrade(empty_database_url)
    assert schema_lines(empty) == whole


def test_without_the_local_tier_its_smelts_are_on_credits(
    empty: psycopg.Connection, empty_database_url: str
) -> None:
    """And uncharged, as they were."""
    migrate.upgrade(empty_database_url)
    empty.execute(
        """
        with someone as (insert into auth.users default values returning id),
        made as (insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
            select id, 5, 5, now() from someone)
        insert into smelts (id, user_id, tenant, usage_date, tier, mode, content_key, content_ttl_seconds,
            content_expires_at)
        select gen_random_uuid(), id, 'user', current_date, 'local', 'separate', 'key', 60, now() from someone
        """
    )
    migrate.downgrade(empty_database_url, "004_functions")
    assert empty.execute("select tier::text, charged_at from smelts").fetchall() == [("credits", None)]
    migrate.upgrade(empty_database_url)


def test_supabases_auth_schema_is_used_as_it_is(empty: psycopg.Connection, empty_database_url: str) -> None:
    with supabase(empty_database_url) as postgres_url:
        columns = "select count(*) from information_schema.columns where table_schema = 'auth'"
        before = empty.execute(columns).fetchone()

        migrate.upgrade(postgres_url)
        made = schema_lines(empty)

        assert empty.execute(columns).fetchone() == before
        granted = empty.execute(
            """
            select grantee, privilege_type from information_schema.role_table_grants
            where table_schema = 'public' and table_name = 'smelts' and grantee in ('anon', 'authenticated')
            """
        ).fetchall()
        assert granted == []  # columns only, though Supabase's defaults had granted everything
        migrate.downgrade(postgres_url)
        assert empty.execute(columns).fetchone() == before
        triggers = empty.execute("select tgname from pg_trigger where tgrelid = 'auth.users'::regclass")
        assert triggers.fetchall() == []
        migrate.upgrade(postgres_url)
        assert schema_lines(empty) == made


def test_who_may_not_delete_users_is_told_so(empty: psycopg.Connection, empty_database_url: str) -> None:
    with supabase(empty_database_url) as postgres_url:
        role = postgres_url.partition("//")[2].partition("@")[0]
        empty.execute(sql.SQL("revoke delete on auth.users from {}").format(sql.Identifier(role)))
        with pytest.raises(psycopg.errors.RaiseException, match=r"may not delete from auth\.users"):
            migrate.upgrade(postgres_url)
        assert tables(empty) == set()


def test_upgrading_twice_changes_nothing(empty: psycopg.Connection, empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    made = tables(empty), schema_lines(empty)
    migrate.upgrade(empty_database_url)
    assert (tables(empty), schema_lines(empty)) == made


def test_several_at_once_take_turns(empty: psycopg.Connection, empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as several:
        list(several.map(migrate.upgrade, [empty_database_url] * 4))
    assert empty.execute("select version_num from smelt_meta.migrations").fetchall() == [(newest(),)]
    made = schema_lines(empty)
    with ThreadPoolExecutor(4) as several:
        list(several.map(migrate.downgrade, [empty_database_url] * 4))
    assert empty.execute("select version_num from smelt_meta.migrations").fetchall() == []
    migrate.upgrade(empty_database_url)
    assert schema_lines(empty) == made


def test_one_that_fails_leaves_the_schema_as_it_was(
    empty: psycopg.Connection, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a run has to do is one transaction."""
    migrate.upgrade(empty_database_url, "002_tables")
    made = schema_lines(empty)
    run = migrate._run
    broken = f"{newest()}.up.sql"

    def run_until(connection: Connection, name: str) -> None:
        run(connection, name)
        if name == broken:
            connection.execute(text("select 1 / 0"))

    monkeypatch.setattr(migrate, "_run", run_until)
    with pytest.raises(DataError):
        migrate.upgrade(empty_database_url)
    assert schema_lines(empty) == made
    assert empty.execute("select version_num from smelt_meta.migrations").fetchall() == [("002_tables",)]


@pytest.mark.parametrize(
    ("revision", "advice"),
    [("0019_file_warnings", "make a new database"), ("0001_auth", "Export"), ("900_later", "newer service")],
)
@pytest.mark.parametrize("move", [migrate.upgrade, migrate.downgrade])
def test_a_schema_of_another_set_is_left_as_it_is(
    owner_url: str, revision: str, advice: str, move: Callable[[str], None]
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("update smelt_meta.migrations set version_num = %s", [revision])
        made = schema_lines(owner)
        with pytest.raises(migrate.ForeignSchema, match=advice) as told:
            move(owner_url)
        assert revision in str(told.value)
        assert schema_lines(owner) == made
        assert owner.execute("select version_num from smelt_meta.migrations").fetchall() == [(revision,)]


@pytest.mark.parametrize(
    "enum",
    [
        states.SmeltMode,
        states.SmeltStatus,
        states.WorkStatus,
        states.InputType,
        states.SpeechTask,
        states.Tier,
        states.ApiKeyStatus,
        states.DefaultPromptName,
        states.ErrorCode,
    ],
)
def test_enums_are_the_same_in_code_and_in_postgres(owner_url: str, enum: type) -> None:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.__name__).lower()
    with psycopg.connect(owner_url) as connection:
        row = connection.execute("select enum_range(null::" + name + ")::text[]").fetchone()
    assert row is not None
    assert row[0] == [str(member) for member in enum]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    [
        "status = 'completed'",
        "status = 'failed', finished_at = now()",
        "error_code = 'internal_error'",
        "content_key = null",
        "finished_at = now()",
        "tier = 'anonymous'",
        "idempotency_key = 'key'",
        "content_ttl_seconds = 59",
    ],
)
def test_contradictions_cannot_be_stored(owner_url: str, change: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(
            """
            with ada as (insert into auth.users default values returning id),
            made as (insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
                select id, 5, 5, now() from ada)
            insert into smelts (id, user_id, tenant, usage_date, tier, mode, content_key, content_ttl_seconds,
                content_expires_at)
            select gen_random_uuid(), id, 'user', current_date, 'credits', 'separate', 'key', 60, now() from ada
            """
        )
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(f"update smelts set {change}")


def test_no_table_can_hold_content(owner_url: str) -> None:
    """Each column of free text or bytes is known, with the reason why it may be there."""
    allowed = {
        "auth.users.email",
        *("api_tokens.name", "api_tokens.last_four", "api_tokens.token_hash"),
        *("user_api_keys.ciphertext", "user_api_keys.key_id", "user_api_keys.last_four"),
        *("webhook_secrets.ciphertext", "webhook_secrets.key_id", "webhook_deliveries.event"),
        *("prompt_sections.title", "prompts.title", "prompts.body"),  # the user's own library
        *("smelts.tenant", "smelts.language", "smelts.webhook_url", "smelts.content_key", "smelts.warnings"),
        *("smelts.idempotency_key", "smelts.request_fingerprint"),
        *("smelt_files.media_type", "smelt_files.filename", "smelt_files.language", "smelt_outputs.model"),
        *("smelt_files.warnings", "smelt_files.error_detail"),  # sentences of the service's own
        *("fair_tenants.queue", "fair_tenants.tenant", "anonymous_usage.ip_hash", "schedule_runs.job"),
        "deleted_users.user_hash",
        *("holds.queue", "holds.tenant", "holds.moves", "workers.host", "workers.queue", "workers.running"),
        *("admin_actions.operator", "admin_actions.host", "admin_actions.login", "admin_actions.command"),
        *("admin_actions.tenant", "admin_actions.filter"),  # ids, states and codes by which rows were chosen
        *(f"{table.name}.traceparent" for table in TABLES),  # ids, in a form that is checked
    }
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(
            """
            select table_name || '.' || column_name from information_schema.columns
            where table_schema = 'public'
                and (data_type in ('text', 'bytea', 'json', 'jsonb', 'character varying') or udt_name = '_text')
            """
        ).fetchall()
    assert {row[0] for row in rows} <= allowed
