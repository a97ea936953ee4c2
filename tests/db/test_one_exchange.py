"""A transaction of one message: committed with it, undone by what goes wrong, on a connection that is alive."""

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


def test_what_stands_behind_a_statement_that_fails_is_not_done(counted: Database) -> None:
    count = (cached_text(COUNT), {"name": None})
    failing = (cached_text("select 1 / cast(:zero as integer)"), {"zero": 0})
    for transaction in (counted.once, counted.brief):
        with pytest.raises(psycopg.errors.DivisionByZero), transaction() as conn:
            conn.execute_all([count, failing, count])
    assert taken(counted) == 0
    with counted.once() as conn:
        conn.execute_all([count, count])
    assert taken(counted) == 2


def test_what_returns_nothing_has_no_rows(counted: Database) -> None:
    with counted.once() as conn:
        found = conn.execute_all([(cached_text("delete from smelts"), {}), (cached_text("select 1"), {})])
    assert [answer.one_or_none() for answer in found] == [None, (1,)]


def test_a_value_is_not_in_the_statement_that_the_server_may_log(counted: Database) -> None:
    sql = "select current_query(), cast(:name as text), cast(:count as integer), cast(:name as text)"
    with counted.once() as conn:
        query, *values = conn.execute(cached_text(sql), {"name": "CANARY", "count": 7}).one()
    assert values == ["CANARY", 7, "CANARY"]
    assert query == sql.replace(":name", "$1").replace(":count", "$2")


def test_a_value_that_cannot_be_sent_leaves_the_connection_fit_for_the_next(counted: Database) -> None:
    with pytest.raises(psycopg.DataError), counted.brief() as conn:
        conn.execute(cached_text(COUNT), {"name": "\0"})
    with counted.once() as conn:
        (pid,) = conn.execute(cached_text("select pg_backend_pid()"), {}).one()
    with counted.service() as same:
        assert same.execute(text("select pg_backend_pid()")).scalar_one() == pid


def test_a_message_may_be_longer_than_what_the_network_holds(counted: Database) -> None:
    long = "x" * 20_000_000
    with counted.once() as conn:
        [first, second] = conn.execute_all([(cached_text("select cast(:it as text)"), {"it": long})] * 2)
    assert (first.one(), second.one()) == ((long,), (long,))


def test_it_has_one_exchange(counted: Database) -> None:
    def has_two() -> None:
        with counted.once() as conn:
            for _ in range(2):
                conn.execute(cached_text(COUNT), {"name": None})

    with pytest.raises(ValueError, match="has had its exchange"):
        has_two()


def test_a_brief_one_may_ask_on(counted: Database) -> None:
    with counted.brief() as conn:
        for _ in range(2):
            conn.execute(cached_text(COUNT), {"name": None})
        assert taken(counted) == 0
    assert taken(counted) == 2


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


def test_one_that_ends_before_its_commit_is_an_outage(counted: Database, owner_url: str) -> None:
    def post() -> None:
        with counted.brief() as conn:
            (_, _) = conn.execute(cached_text(COUNT), {"name": None}).one()
            (pid,) = conn.execute(cached_text("select pg_backend_pid()"), {}).one()
            with psycopg.connect(owner_url, autocommit=True) as owner:
                owner.execute("select pg_terminate_backend(%s, 5000)", [pid])

    with pytest.raises(DatabaseUnavailable):
        post()
    assert taken(counted) == 0


def test_one_whose_answers_are_not_read_to_their_end_is_given_up(
    counted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, counted.once() as conn:
        patch.setattr("db.message.fetch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            conn.execute(cached_text("select 1"), {})
        assert conn._connection.closed
    with counted.once() as conn:
        assert conn.execute(cached_text(COUNT), {"name": None}).one() == (1, None)


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
