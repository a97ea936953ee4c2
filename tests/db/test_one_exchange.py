"""A transaction of one statement: committed with it, undone by what goes wrong, on a connection that is alive."""

import psycopg
import pytest
from sqlalchemy import text

from db.changes import note_delivery
from db.session import Database, DatabaseUnavailable, SchemaUnusable
from db.statement import cached_text

COUNT = "update platform_usage set taken = taken + 1 where date_utc = '2026-01-01' returning taken, :name"


@pytest.fixture
def counted(database: Database) -> Database:
    """Used a moment ago, so that its connection is taken for alive."""
    with database.service() as conn:
        conn.execute(text("insert into platform_usage (date_utc, taken) values ('2026-01-01', 0)"))
    return database


def taken(database: Database) -> int:
    with database.service() as conn:
        return int(conn.execute(text("select taken from platform_usage")).scalar_one())


def test_what_it_does_is_committed_with_it(counted: Database) -> None:
    with counted.once() as conn:
        assert conn.execute(cached_text(COUNT), {"name": "it's 100 %"}).one() == (1, "it's 100 %")
        assert taken(counted) == 1


def test_a_brief_one_is_committed_at_its_end(counted: Database) -> None:
    with counted.brief() as conn:
        conn.execute(cached_text(COUNT), {"name": None})
        assert taken(counted) == 0
    assert taken(counted) == 1


def test_a_brief_one_is_undone_by_an_error(counted: Database) -> None:
    def fails() -> None:
        with counted.brief() as conn:
            conn.execute(cached_text(COUNT), {"name": None})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert taken(counted) == 0


@pytest.mark.parametrize(
    ("statement", "error"),
    [("select 1 / 0", psycopg.errors.DivisionByZero), ("select from nowhere", SchemaUnusable)],
)
def test_its_error_leaves_the_connection_fit_for_the_next(
    counted: Database, statement: str, error: type[Exception]
) -> None:
    with pytest.raises(error), counted.once() as conn:
        conn.execute(cached_text(statement), {})
    with counted.once() as conn:
        conn.execute(cached_text(COUNT), {"name": None})
    assert taken(counted) == 1


def test_it_has_one_exchange(counted: Database) -> None:
    def has_two() -> None:
        with counted.once() as conn:
            for _ in range(2):
                conn.execute(cached_text(COUNT), {"name": None})

    with pytest.raises(ValueError, match="has had its exchange"):
        has_two()


def test_a_connection_that_ended_meanwhile_is_replaced(counted: Database, owner_url: str) -> None:
    with counted.once() as conn:
        (pid,) = conn.execute(cached_text("select pg_backend_pid()"), {}).one()
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with counted.once() as conn:
        assert conn.execute(cached_text(COUNT), {"name": None}).one() == (1, None)


def test_one_that_ends_in_the_middle_is_an_outage(counted: Database) -> None:
    with pytest.raises(DatabaseUnavailable), counted.once() as conn:
        conn.execute(cached_text("select pg_terminate_backend(pg_backend_pid())"), {})
    assert taken(counted) == 0


def test_it_is_the_service_s_and_nothing_of_it_stays_in_the_session(counted: Database) -> None:
    with counted.once() as conn:
        (role,) = conn.execute(cached_text("select current_user::text"), {}).one()
    assert role == "service_role"
    with counted._engine.connect() as bare:
        assert bare.execute(text("select current_user::text")).scalar_one() != "service_role"


def test_who_is_told_of_changes_is_told_after_its_commit(database_url: str) -> None:
    told: list[int] = []
    database = Database(database_url, on_delivery=told.append)
    with database.brief() as conn:
        conn.execute(cached_text("select 1"), {})
        note_delivery(conn)
        assert not told
    database.close()
    assert told == [1]
