"""Nobody sees another's rows, with whatever SQL: tried as the role that the application logs in as."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from db.session import Database
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits

PRIVATE = (
    ("user_api_keys", "ciphertext"),
    ("webhook_secrets", "ciphertext"),
    ("schedule_runs", "job"),
    ("fair_tenants", "tenant"),
    ("anonymous_usage", "count"),
    ("holds", "tenant"),
    ("admin_actions", "operator"),
    ("workers", "host"),
)


@pytest.fixture
def smelts_by_user(database: Database, cast: Cast) -> dict[str, UUID]:
    """A smelt of Ada's, one of Bob's and a visitor's."""
    smelts = {
        "ada": new_smelt(cast.ada.id, audio=1, texts=1),
        "bob": new_smelt(cast.bob.id, texts=1),
        "visitor": new_smelt(None, texts=1),
    }
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        set_credits(conn, cast.bob.id, 5)
        admit_all(conn, *smelts.values())
    return {name: smelt.id for name, smelt in smelts.items()}


class Session:
    """Statements as the application's role or as what it becomes, for one transaction each: a pooler keeps no more."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._role = "none"
        self._claims: dict[str, str] = {}

    def become(self, role: str, **claims: str) -> None:
        self._role, self._claims = role, {"role": role, **claims}

    def execute(
        self, statement: str | sql.SQL | sql.Composed, values: Sequence[object] = ()
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        with self._connection.transaction():
            self._connection.execute(
                "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
                [self._role, json.dumps(self._claims)],
            )
            return self._connection.execute(statement, values)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
        yield Session(connection)


def visible(session: Session, table: str, column: str = "id") -> set[UUID]:
    query = sql.SQL("select {} from {}").format(sql.Identifier(column), sql.Identifier(table))
    return {row[0] for row in session.execute(query)}


def test_the_application_itself_may_read_nothing(session: Session, smelts_by_user: dict[str, UUID]) -> None:
    for table in ("smelts", "smelt_files", "user_profiles", "prompts"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            visible(session, table, "created_at")


def test_a_user_sees_their_own_rows_alone(
    session: Session, smelts_by_user: dict[str, UUID], cast: Cast
) -> None:
    session.become("authenticated", sub=str(cast.ada.id))

    assert visible(session, "smelts") == {smelts_by_user["ada"]}
    assert visible(session, "smelt_files", "smelt_id") == {smelts_by_user["ada"]}
    assert visible(session, "smelt_outputs", "smelt_id") == {smelts_by_user["ada"]}
    assert visible(session, "user_profiles", "user_id") == {cast.ada.id}


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "00000000-0000-7000-8000-000000000000"}])
def test_missing_or_unknown_claims_open_nothing(
    session: Session, smelts_by_user: dict[str, UUID], claims: dict[str, str]
) -> None:
    session.become("authenticated", **claims)

    assert visible(session, "smelts") == set()
    assert visible(session, "smelt_files") == set()


def test_a_visitors_token_opens_that_smelt_alone(session: Session, smelts_by_user: dict[str, UUID]) -> None:
    session.become("anon", smelt_id=str(smelts_by_user["visitor"]))
    assert visible(session, "smelts") == {smelts_by_user["visitor"]}
    assert visible(session, "smelt_outputs", "smelt_id") == {smelts_by_user["visitor"]}

    session.become("anon", smelt_id=str(smelts_by_user["ada"]))
    assert visible(session, "smelts") == set()
    assert visible(session, "smelt_outputs") == set()


@pytest.mark.parametrize("role", ["authenticated", "anon"])
@pytest.mark.parametrize(
    "statement",
    [
        "update smelts set status = 'pending'",
        "update smelt_files set status = 'pending'",
        "update smelt_outputs set status = 'pending'",
        "update user_profiles set credits_remaining = 100",
        "update user_profiles set api_key_status = 'valid'",
        "delete from smelts",
        "delete from smelt_files",
        "insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at) "
        "values (auth.uid(), 99, 99, now())",
        "insert into smelts (id, user_id, tenant, usage_date, tier, mode, content_ttl_seconds, content_expires_at) "
        "values (gen_random_uuid(), auth.uid(), 't', current_date, 'credits', 'separate', 60, now())",
        "select content_key from smelts",
        "select * from smelts",
        "select tenant from smelts",
        "select idempotency_key, request_fingerprint from smelts",
        "select ciphertext from user_api_keys",
        "select token_hash from api_tokens",
        "select user_hash from deleted_users",
        "select 1 from auth.users",
        "truncate smelts",
    ],
)
def test_users_can_neither_write_work_nor_read_secrets(
    session: Session, smelts_by_user: dict[str, UUID], cast: Cast, role: str, statement: str
) -> None:
    session.become(role, sub=str(cast.ada.id))

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement)


@pytest.mark.parametrize(("table", "column"), PRIVATE)
def test_what_is_private_is_denied_to_users(session: Session, cast: Cast, table: str, column: str) -> None:
    session.become("authenticated", sub=str(cast.bob.id))
    statement = sql.SQL("select {} from {}").format(sql.Identifier(column), sql.Identifier(table))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement)


def test_prompts_are_written_by_their_owner_alone(
    session: Session, smelts_by_user: dict[str, UUID], cast: Cast
) -> None:
    insert = (
        "insert into prompts (id, user_id, title, body, position) values (gen_random_uuid(), %s, 'a', 'b', 0)"
    )
    session.become("authenticated", sub=str(cast.ada.id))
    session.execute(insert, [cast.ada.id])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(insert, [cast.bob.id])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("update prompts set user_id = %s", [cast.bob.id])

    session.become("authenticated", sub=str(cast.bob.id))
    assert visible(session, "prompts") == set()
    assert session.execute("update prompts set title = 'mine'").rowcount == 0
    assert session.execute("delete from prompts").rowcount == 0


def test_every_table_is_forced_under_row_level_security(owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(
            """
            select relname, relrowsecurity, relforcerowsecurity,
                (select count(*) from pg_policy where polrelid = c.oid)
            from pg_class c join pg_namespace n on n.oid = relnamespace
            where nspname = 'public' and relkind in ('r', 'p')
            """
        ).fetchall()

    assert len(rows) == 18
    assert [row[0] for row in rows if not (row[1] and row[2] and row[3])] == []


def test_the_application_owns_nothing_and_is_no_superuser(session: Session) -> None:
    row = session.execute(
        """
        select rolsuper, rolcreaterole, rolbypassrls,
            (select count(*) from pg_class where relowner = pg_roles.oid)
        from pg_roles where rolname = session_user
        """
    ).fetchone()
    assert row == (False, False, False, 0)
