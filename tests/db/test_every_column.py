"""Every table and every column, tried one by one as users: what isn't granted on purpose is closed."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from db.session import Database
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits

WRITTEN_BY_USERS = {"prompts", "prompt_sections"}
UNSEEN = {"outage_since", "traceparent"}
HIDDEN = {
    "smelts": {"tenant", "content_key", "idempotency_key", "request_fingerprint"},
    "user_api_keys": {"ciphertext", "key_id", "check_at"},
    "api_tokens": {"token_hash"},
    "smelt_files": {"failures", "run_at", "lease_until", "fair_key", "cost", "alone", *UNSEEN},
    "smelt_outputs": {"failures", "run_at", "lease_until", "fair_key", "cost", *UNSEEN},
    "webhook_deliveries": {"lease_until", "fair_key", "cost", "progress", *UNSEEN},
}
CLOSED = {
    "deleted_users",
    "webhook_secrets",
    "schedule_runs",
    "fair_tenants",
    "anonymous_usage",
    "platform_usage",
    "holds",
    "admin_actions",
    "workers",
}
# A row of Ada's in every table that has a `user_id`, where the fixture hasn't made one yet.
ADAS = """
    insert into user_api_keys (user_id, ciphertext, key_id, last_four, validated_at)
        values (%(ada)s, 'wrapped', 'k', '1234', now());
    insert into api_tokens (id, user_id, token_hash, name, last_four)
        values (gen_random_uuid(), %(ada)s, 'hash', 'mine', '1234');
    insert into prompt_sections (id, user_id, title, position) values (%(section)s, %(ada)s, 'mine', 0);
    insert into prompts (id, user_id, title, body, position) values (%(prompt)s, %(ada)s, 'mine', 'mine', 0);
    insert into webhook_secrets (id, user_id, ciphertext, key_id)
        values (gen_random_uuid(), %(ada)s, 'wrapped', 'k');
    insert into webhook_deliveries (id, user_id, smelt_id, event, smelt_version)
        values (gen_random_uuid(), %(ada)s, %(smelt)s, 'smelt.completed', 1);
    insert into schedule_runs (id, job, period) values (gen_random_uuid(), 'purge_content', now());
    insert into anonymous_usage (ip_hash, date_utc, count) values ('hash', current_date, 1);
    insert into deleted_users (user_hash) values ('hash');
    insert into holds (tenant) values ('user:' || %(ada)s::uuid);
    insert into admin_actions (id, operator, host, command, tenant)
        values (gen_random_uuid(), 'operator', 'host', 'pause', 'user:' || %(ada)s::uuid);
    insert into workers (id, host, pid, queue) values (gen_random_uuid(), 'host', 1, 'transcribe');
"""


class Attacker:
    """Any statement, as any role with any claims, in a transaction that is rolled back."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(self, role: str, claims: str, statement: str | sql.Composed) -> list[tuple[Any, ...]] | None:
        """None: denied. Rows that were written, for a statement that returns none, are told by `rowcount`."""
        try:
            with self._connection.transaction(force_rollback=True):
                self._connection.execute(
                    "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
                    [role, claims],
                )
                cursor = self._connection.execute(statement)
                return cursor.fetchall() if cursor.description else [(n,) for n in range(cursor.rowcount)]
        except psycopg.errors.InsufficientPrivilege:
            return None


@pytest.fixture
def attacker(database_url: str) -> Iterator[Attacker]:
    with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
        yield Attacker(connection)


@pytest.fixture
def smelt(database: Database, owner_url: str, cast: Cast) -> UUID:
    """A smelt of Ada's, and rows of Ada's in every other table."""
    new = new_smelt(cast.ada.id, audio=1, texts=1)
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        set_credits(conn, cast.bob.id, 5)
        admit_all(conn, new)
    values = {"ada": cast.ada.id, "smelt": new.id, "section": uuid4(), "prompt": uuid4()}
    with psycopg.connect(owner_url) as owner:
        owner.execute("set role service_role")
        for statement in ADAS.split(";")[:-1]:
            owner.execute(statement, values)
    return new.id


def columns(owner_url: str) -> dict[str, list[str]]:
    with psycopg.connect(owner_url) as owner:
        found = owner.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public'"
        ).fetchall()
    tables: dict[str, list[str]] = {}
    for table, column in found:
        tables.setdefault(table, []).append(column)
    assert CLOSED | HIDDEN.keys() <= tables.keys()
    return tables


def claims(user: UUID | str, **more: str) -> str:
    extra = "".join(f', "{name}": "{value}"' for name, value in more.items())
    return f'{{"role": "authenticated", "sub": "{user}"{extra}}}'


def test_no_column_shows_another_users_row(
    attacker: Attacker, owner_url: str, smelt: UUID, cast: Cast
) -> None:
    """Bob, a visitor, a visitor with the id of Ada's smelt, claims of a greater role, no claims: none sees a row."""
    strangers = [
        ("authenticated", claims(cast.bob.id)),
        ("authenticated", claims(cast.bob.id, user_id=str(cast.ada.id), smelt_id=str(smelt))),
        ("authenticated", f'{{"role": "service_role", "sub": "{cast.bob.id}"}}'),
        ("authenticated", "{}"),
        ("authenticated", ""),
        ("anon", f'{{"role": "anon", "smelt_id": "{smelt}"}}'),
        ("anon", claims(cast.ada.id)),
        ("anon", ""),
    ]
    for table, names in columns(owner_url).items():
        for name in names:
            statement = sql.SQL("select {} from {} mine").format(sql.Identifier(name), sql.Identifier(table))
            for role, given in strangers:
                rows = attacker.rows(role, given, statement)
                # Bob has a profile as well.
                own = 1 if table == "user_profiles" and str(cast.bob.id) in given else 0
                assert rows is None or len(rows) == own, (role, given, table, name)


def test_what_is_hidden_is_hidden_from_its_owner_too(
    attacker: Attacker, owner_url: str, smelt: UUID, cast: Cast
) -> None:
    for table, names in columns(owner_url).items():
        for name in names:
            statement = sql.SQL("select {} from {}").format(sql.Identifier(name), sql.Identifier(table))
            rows = attacker.rows("authenticated", claims(cast.ada.id), statement)
            if table in CLOSED or name in HIDDEN.get(table, ()):
                assert rows is None, (table, name)
            else:
                assert rows, (table, name)


def test_no_row_is_written_but_of_the_own_library(
    attacker: Attacker, owner_url: str, smelt: UUID, cast: Cast
) -> None:
    for table, names in columns(owner_url).items():
        for role, given in (("authenticated", claims(cast.bob.id)), ("anon", claims(cast.ada.id))):
            deleted = attacker.rows(role, given, sql.SQL("delete from {}").format(sql.Identifier(table)))
            assert deleted is None or (table in WRITTEN_BY_USERS and deleted == []), (role, table)
            for name in names:
                statement = sql.SQL("update {} set {} = {}").format(
                    sql.Identifier(table), sql.Identifier(name), sql.Identifier(name)
                )
                updated = attacker.rows(role, given, statement)
                assert updated is None or (table in WRITTEN_BY_USERS and updated == []), (role, table, name)


def test_the_owner_writes_nothing_but_the_library(
    attacker: Attacker, owner_url: str, smelt: UUID, cast: Cast
) -> None:
    for table, names in columns(owner_url).items():
        for name in names:
            statement = sql.SQL("update {} set {} = {}").format(
                sql.Identifier(table), sql.Identifier(name), sql.Identifier(name)
            )
            updated = attacker.rows("authenticated", claims(cast.ada.id), statement)
            may = table in WRITTEN_BY_USERS and name in {
                "title",
                "body",
                "position",
                "section_id",
                "updated_at",
            }
            assert bool(updated) == may, (table, name)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into smelt_files (id, smelt_id, position, input_type, filename, size_bytes) "
        "values (gen_random_uuid(), '{smelt}', 9, 'text', 'mine.txt', 1)",
        "insert into smelt_outputs (id, smelt_id, position, is_user_prompt) "
        "values (gen_random_uuid(), '{smelt}', 9, true)",
        "insert into prompts (id, user_id, title, body, position) values (gen_random_uuid(), '{ada}', 'a', 'b', 0)",
        "insert into api_tokens (id, user_id, token_hash, name, last_four) "
        "values (gen_random_uuid(), '{bob}', 'guess', 'mine', '1234')",
        "set local session authorization postgres; select 1",
        "create function mine() returns int language sql security definer as 'select 1'",
        "create table public.mine (id int)",
        "alter table smelts no force row level security",
        "create policy mine on smelts to authenticated using (true)",
        "grant select on smelts to authenticated with grant option",
        "copy smelts to '/tmp/smelts'",
        "select pg_read_file('/etc/passwd')",
    ],
)
def test_tricks_are_denied(attacker: Attacker, smelt: UUID, cast: Cast, statement: str) -> None:
    tried = statement.format(smelt=smelt, ada=cast.ada.id, bob=cast.bob.id)
    assert attacker.rows("authenticated", claims(cast.bob.id), tried) is None


def test_no_function_but_two_runs_with_its_owners_rights(owner_url: str) -> None:
    """Those that delete a user: closed to users, and with a path of their own, so that nobody slips a table under."""
    with psycopg.connect(owner_url) as owner:
        found = owner.execute(
            """
            select proname, proconfig, has_function_privilege('service_role', pg_proc.oid, 'execute'),
                array(select role from unnest(array['smelt_app', 'anon', 'authenticated']) role
                    where has_function_privilege(role, pg_proc.oid, 'execute'))
            from pg_proc join pg_namespace n on n.oid = pronamespace
            where nspname in ('public', 'auth', 'smelt_meta') and prosecdef order by proname
            """
        ).fetchall()
    path = ['search_path=""']
    assert [row[:2] for row in found] == [("delete_user", path), ("forget_user", path)]
    assert found[0][2] is True
    assert {tuple(row[3]) for row in found} == {()}


def test_no_user_deletes_another(attacker: Attacker, smelt: UUID, cast: Cast) -> None:
    for role, given in (("authenticated", claims(cast.bob.id)), ("anon", claims(cast.ada.id)), ("none", "")):
        call = f"select smelt_meta.delete_user('{cast.ada.id}')"
        assert attacker.rows(role, given, call) is None
        assert attacker.rows(role, given, f"delete from auth.users where id = '{cast.ada.id}'") is None
