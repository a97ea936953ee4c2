"""A library holds no more than the API lets it, whoever writes it: tried in SQL as the user, as Supabase allows it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from api.schemas.library import MAX_PROMPT, MAX_TITLE
from db.accounts.library import PROMPTS, SECTIONS, Shelf
from tests.support.cast import Cast
from tests.support.waiting import wait_until

INSERT = {
    PROMPTS.table: "insert into prompts (id, user_id, title, body, position)"
    " select gen_random_uuid(), %s, 't', 'b', n from generate_series(%s::int, %s::int) n",
    SECTIONS.table: "insert into prompt_sections (id, user_id, title, position)"
    " select gen_random_uuid(), %s, 't', n from generate_series(%s::int, %s::int) n",
}
SHELVES = pytest.mark.parametrize("shelf", [PROMPTS, SECTIONS], ids=lambda shelf: shelf.table)


@contextmanager
def signed_in(database_url: str, user: UUID, isolation: str = "read committed") -> Iterator[psycopg.Cursor]:
    """A transaction of the user's own, which is committed at the end."""
    with psycopg.connect(database_url, prepare_threshold=None) as connection:
        cursor = connection.cursor()
        cursor.execute(sql.SQL("set transaction isolation level " + isolation))
        cursor.execute(
            "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)",
            [json.dumps({"role": "authenticated", "sub": str(user)})],
        )
        yield cursor


def count(owner_url: str, shelf: Shelf) -> int:
    with psycopg.connect(owner_url) as owner:
        [(held,)] = owner.execute(f"select count(*) from {shelf.table}").fetchall()
    return int(held)


@SHELVES
def test_one_exchange_adds_no_more_than_there_is_room_for(
    database_url: str, owner_url: str, cast: Cast, shelf: Shelf
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), signed_in(database_url, cast.ada.id) as ada:
        ada.execute(INSERT[shelf.table], [cast.ada.id, 0, shelf.most])
    with signed_in(database_url, cast.ada.id) as ada:
        ada.execute(INSERT[shelf.table], [cast.ada.id, 0, shelf.most - 1])
    with pytest.raises(psycopg.errors.CheckViolation), signed_in(database_url, cast.ada.id) as ada:
        ada.execute(INSERT[shelf.table], [cast.ada.id, shelf.most, shelf.most])
    assert count(owner_url, shelf) == shelf.most
    with signed_in(database_url, cast.bob.id) as bob:  # another's library is another matter
        bob.execute(INSERT[shelf.table], [cast.bob.id, 0, 0])


@SHELVES
def test_transactions_at_once_add_no_more_together(
    database_url: str, owner_url: str, cast: Cast, shelf: Shelf
) -> None:
    """Each by itself would have room: the second waits for the first, and counts what it has left."""
    share = shelf.most * 2 // 3

    def second() -> None:
        with signed_in(database_url, cast.ada.id) as ada:
            ada.execute(INSERT[shelf.table], [cast.ada.id, share, 2 * share - 1])

    with ThreadPoolExecutor(1) as pool:
        with (
            signed_in(database_url, cast.ada.id) as ada,
            psycopg.connect(owner_url, autocommit=True) as owner,
        ):
            ada.execute(INSERT[shelf.table], [cast.ada.id, 0, share - 1])
            later = pool.submit(second)
            waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            wait_until(lambda: later.done() or owner.execute(waits).fetchone() == (1,))
        with pytest.raises(psycopg.errors.CheckViolation):
            later.result()
    assert count(owner_url, shelf) == share


@SHELVES
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_no_old_snapshot_hides_what_is_there(
    database_url: str, owner_url: str, cast: Cast, shelf: Shelf, isolation: str
) -> None:
    share = shelf.most * 2 // 3
    with signed_in(database_url, cast.ada.id, isolation) as old:
        old.execute(f"select count(*) from {shelf.table}")
        with signed_in(database_url, cast.ada.id) as ada:
            ada.execute(INSERT[shelf.table], [cast.ada.id, 0, share - 1])
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            old.execute(INSERT[shelf.table], [cast.ada.id, share, 2 * share - 1])
    assert count(owner_url, shelf) == share


def test_no_text_that_a_user_may_write_is_longer_than_the_api_takes(
    database_url: str, owner_url: str, cast: Cast
) -> None:
    """Each column of letters, bytes or JSON that is granted to users for writing, so that a new one is found here."""
    with psycopg.connect(owner_url) as owner:
        granted = owner.execute(
            """
            select distinct p.table_name, p.column_name from information_schema.column_privileges p
            join information_schema.columns c using (table_schema, table_name, column_name)
            where p.grantee in ('authenticated', 'anon') and p.privilege_type in ('INSERT', 'UPDATE')
                and p.table_schema = 'public' and c.data_type in ('text', 'bytea', 'jsonb', 'json', 'ARRAY')
            """
        ).fetchall()
    longest = {
        ("prompts", "title"): MAX_TITLE,
        ("prompts", "body"): MAX_PROMPT,
        ("prompt_sections", "title"): MAX_TITLE,
    }
    assert set(granted) == set(longest)
    for insert in INSERT.values():
        with signed_in(database_url, cast.ada.id) as ada:
            ada.execute(insert, [cast.ada.id, 0, 0])
    for (table, column), most in longest.items():
        change = f"update {table} set {column} = repeat('é', %s)"
        with signed_in(database_url, cast.ada.id) as ada:
            assert ada.execute(change, [most]).rowcount == 1
        with pytest.raises(psycopg.errors.CheckViolation), signed_in(database_url, cast.ada.id) as ada:
            ada.execute(change, [most + 1])
