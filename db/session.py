"""Transactions: each runs as one of three roles, and this is the only place that begins or ends one.

    service()            workers, admission, settlement: policies let it see everything
    user(user_id)        a signed-in caller: sees and writes what the policies allow that user
    anonymous(smelt_id)  a visitor with a smelt's token: sees that smelt

Role and claims are set for the transaction alone, exactly as PostgREST does, so the same policies hold on
Supabase and behind a transaction-mode pooler. They travel with the begin, in one message; of a transaction whose
statements don't wait for each other's answers (`brief`, `once`) these do too.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from db import changes
from db.connection import CONNECT_ARGS, CONNECT_SECONDS, BoundedConnection, bound
from db.one_exchange import OneExchange
from db.opening import opening
from db.outages import DatabaseUnavailable, LockTimeout, SchemaUnusable, no_role, translated
from pipeline.metrics.servers import connections_in_use, connections_most
from pipeline.tracing.spans import traceparent

__all__ = ["Database", "DatabaseUnavailable", "LockTimeout", "SchemaUnusable", "engine_url"]
STATEMENT_TIMEOUT = timedelta(seconds=15)
IDLE_TIMEOUT = timedelta(seconds=5)  # between two statements: nothing is done there that takes time
MARGIN_SECONDS = 5.0  # seconds after the server's own limit in which its answer must be here


def engine_url(url: str) -> str:
    """The same URL for SQLAlchemy's psycopg driver."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class Database:
    """A pool of connections, and transactions on them.

    `lock_timeout`: how long a statement may wait for a lock; 0: as long as it may take. `on_change` gets the ids of the
    smelts that a transaction has changed, once it has committed, and `on_delivery` how many webhooks it has made
    claimable. They must not raise. `process`: what Postgres is told that it talks to. `pool`: what metrics call it.
    """

    def __init__(
        self,
        url: str,
        *,
        process: str = "smelt",
        pool: str = "main",
        pool_size: int = 10,
        statement_timeout: timedelta = STATEMENT_TIMEOUT,
        idle_timeout: timedelta = IDLE_TIMEOUT,
        lock_timeout: timedelta = timedelta(0),
        on_change: Callable[[Collection[UUID]], object] | None = None,
        on_delivery: Callable[[int], object] | None = None,
    ) -> None:
        self._on_change = on_change
        self._on_delivery = on_delivery
        self._limits = {
            "statement_timeout": _milliseconds(statement_timeout),
            # A worker that is cut off or stopped in the middle of a transaction holds no lock for longer than this: a
            # post of the same tenant waits for it.
            "idle_in_transaction_session_timeout": _milliseconds(idle_timeout),
            "lock_timeout": _milliseconds(lock_timeout),
        }
        self._engine: Engine = create_engine(
            engine_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_use_lifo=True,
            connect_args={**CONNECT_ARGS, "application_name": f"{process} {os.getpid()}"},
        )
        self._exchange_seconds = statement_timeout.total_seconds() + MARGIN_SECONDS
        bound(self._engine)
        self._in_use, self._most = connections_in_use.labels(pool), connections_most.labels(pool)
        self._size = pool_size
        self._most.inc(pool_size)

    @contextmanager
    def service(self) -> Iterator[Connection]:
        with self._transaction("service_role", {"role": "service_role"}) as conn:
            yield conn

    @contextmanager
    def user(self, user_id: UUID) -> Iterator[Connection]:
        with self._transaction("authenticated", {"role": "authenticated", "sub": str(user_id)}) as conn:
            yield conn

    @contextmanager
    def anonymous(self, smelt_id: UUID) -> Iterator[Connection]:
        with self._transaction("anon", {"role": "anon", "smelt_id": str(smelt_id)}) as conn:
            yield conn

    def close(self) -> None:
        self._engine.dispose()
        self._most.dec(self._size)
        self._size = 0  # whoever closes it twice

    @contextmanager
    def once(self) -> Iterator[OneExchange]:
        """A transaction of the service role for one statement, in one exchange: what that does is committed at once.

        Raises as `service` does. After DatabaseUnavailable it may have been committed.
        """
        with self._one_exchange(sealed=True) as conn:
            yield conn

    @contextmanager
    def brief(self) -> Iterator[OneExchange]:
        """The same in two exchanges: the commit comes at the end of the block, so that what a commit without an answer
        may have done is known, and what an answer forbids can be undone by raising.
        """
        with self._one_exchange(sealed=False) as conn:
            yield conn

    @contextmanager
    def _one_exchange(self, *, sealed: bool) -> Iterator[OneExchange]:
        begin = opening("service_role", {"role": "service_role"}, self._limits, traceparent())
        with translated(), self._believed(begin) as (conn, to_begin), self._in_use.track_inprogress():
            connection = _driver(conn)
            one = OneExchange(connection, to_begin, sealed=sealed)
            changes.begin(one)
            try:
                yield one
                one.end()
            except psycopg.Error as error:
                if connection.closed:
                    conn.invalidate(error)
                raise no_role(error) or error from error
            connection.used_at = time.monotonic()
        self._tell(changes.noted(one))

    @contextmanager
    def _believed(self, begin: Sequence[str]) -> Iterator[tuple[Connection, Sequence[str]]]:
        """A connection, and what its transaction has yet to begin with: nothing, if it had to be asked whether it is
        alive.
        """
        conn = self._engine.connect()
        if _driver(conn).believed:
            with conn:
                _driver(conn).exchange_seconds = self._exchange_seconds
                yield conn, begin
        else:
            conn.close()
            with self._begun(begin) as conn:
                yield conn, ()

    @contextmanager
    def _transaction(self, role: str, claims: dict[str, str]) -> Iterator[Connection]:
        """Commits at the end of the block, rolls back on any exception.

        Raises DatabaseUnavailable when the connection can't be had or is lost, LockTimeout.
        """
        begin = opening(role, claims, self._limits, traceparent())
        with translated(), self._begun(begin) as conn, self._in_use.track_inprogress():
            changes.begin(conn)
            yield conn
            conn.commit()
            _driver(conn).used_at = time.monotonic()
            noted = changes.noted(conn)
        self._tell(noted)

    def _tell(self, noted: changes.Noted) -> None:
        """Once it has committed."""
        changed, deliveries, counted = noted
        for count in counted:
            count()
        if changed and self._on_change is not None:
            self._on_change(changed)
        if deliveries and self._on_delivery is not None:
            self._on_delivery(deliveries)

    def _begun(self, begin: Sequence[str]) -> Connection:
        """A connection in a transaction that has begun so. A pooled one that died meanwhile is replaced once.

        Closing it without a commit rolls back.
        """
        for last_try in (False, True):
            conn = self._engine.connect()
            connection = _driver(conn)
            connection.exchange_seconds = CONNECT_SECONDS
            try:
                conn.exec_driver_sql("; ".join(begin))
            except DBAPIError as error:
                conn.close()
                if isinstance(error.orig, psycopg.Error) and (unusable := no_role(error.orig)):
                    raise unusable from error
                if last_try or not error.connection_invalidated:
                    raise
            else:
                connection.exchange_seconds = self._exchange_seconds
                return conn
        raise AssertionError("unreachable")


def _driver(conn: Connection) -> BoundedConnection:
    return cast("BoundedConnection", conn.connection.driver_connection)


def _milliseconds(limit: timedelta) -> str:
    return f"{int(limit.total_seconds() * 1000)}ms"
