"""Neither side waits for ever for one that has fallen silent."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from db import session
from db.session import Database, DatabaseUnavailable


@pytest.fixture
def impatient(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(session, "MARGIN_SECONDS", 0.2)
    limit = timedelta(seconds=0.3)
    database = Database(database_url, statement_timeout=limit, idle_timeout=limit, pool_size=1)
    yield database
    database.close()


@pytest.fixture
def hurried(database_url: str) -> Iterator[Database]:
    database = Database(database_url, lock_timeout=timedelta(seconds=0.2), pool_size=1)
    yield database
    database.close()


def test_a_server_that_keeps_silent_is_given_up(impatient: Database) -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        _execute(impatient, "set local statement_timeout = 0", "select pg_sleep(60)")

    assert time.monotonic() - started < 10
    with impatient.service() as conn:  # on a connection whose answers are those to its own questions
        assert conn.execute(text("select 2")).scalar_one() == 2


def test_nor_is_it_waited_for_longer_where_all_went_in_one_message(impatient: Database) -> None:
    silent = ("select set_config('statement_timeout', '0', true)", "select pg_sleep(60)")
    _execute(impatient, "select 1")  # so that the connection is taken for alive
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable), impatient.once() as once:
        once.execute_all([(text(statement), {}) for statement in silent])

    assert time.monotonic() - started < 10
    with impatient.once() as once:
        assert once.execute(text("select 2"), {}).one() == (2,)


def test_a_client_that_keeps_silent_holds_no_lock(impatient: Database, database: Database) -> None:
    lock = text("select pg_advisory_xact_lock(1)")

    def fall_silent() -> None:
        with impatient.service() as stopped:
            stopped.execute(lock)
            with database.service() as conn:
                conn.execute(lock)
            stopped.execute(text("select 1"))

    with pytest.raises(DatabaseUnavailable):
        fall_silent()


def test_who_may_not_wait_for_a_lock_gives_up(hurried: Database, database: Database) -> None:
    lock = "select pg_advisory_xact_lock(1)"
    with database.service() as conn:
        conn.execute(text(lock))
        with pytest.raises(DatabaseUnavailable, match="LockNotAvailable"):
            _execute(hurried, lock)
    _execute(hurried, lock)


def test_a_slow_statement_is_not_given_up_before_the_server_does(impatient: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="QueryCanceled"):
        _execute(impatient, "select pg_sleep(60)")


def _execute(database: Database, *statements: str) -> None:
    with database.service() as conn:
        for statement in statements:
            conn.execute(text(statement))
