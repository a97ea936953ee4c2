"""Transactions: each runs as one of three roles, and this is the only place that begins or ends one.

    service()            workers, admission, settlement: policies let it see everything
    user(user_id)        a signed-in caller: sees and writes what the policies allow that user
    anonymous(smelt_id)  a visitor with a smelt's token: sees that smelt

Role and claims are set for the transaction alone, exactly as PostgREST does, so the same policies hold on
Supabase and behind a transaction-mode pooler.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db import changes
from db.connection import CONNECT_ARGS, CONNECT_SECONDS, BoundedConnection, bound
from db.statement import cached_text
from pipeline.metrics.servers import connections_in_use, connections_most, database_errors

STANDBY = "0A000"  # the answer of one that was primary to a BEGIN READ WRITE
# Undefined table, column, function, object (such as a type) and schema
NOT_THERE = frozenset({"42P01", "42703", "42883", "42704", "3F000"})
# Of who can't become one of the three roles: there is none, or it isn't granted to this login
NO_ROLE = frozenset({"22023", "42501"})
STATEMENT_TIMEOUT = timedelta(seconds=15)
IDLE_TIMEOUT = timedelta(seconds=5)  # between two statements: nothing is done there that takes time
MARGIN_SECONDS = 5.0  # seconds after the server's own limit in which its answer must be here

BEGIN_AS = cached_text(
    "select set_config('role', :role, true), set_config('request.jwt.claims', :claims, true),"
    " set_config('statement_timeout', :timeout, true), set_config('timezone', 'UTC', true),"
    # A worker that is cut off or stopped in the middle of a transaction holds no lock for longer than this: a post of
    # the same tenant waits for it.
    " set_config('idle_in_transaction_session_timeout', :idle, true), set_config('lock_timeout', :lock, true),"
    # A kept plan for a foreign key's check reads the whole of a table that was small when the plan was made.
    " set_config('plan_cache_mode', 'force_custom_plan', true),"
    # Whoever once ran SQL as this login may have altered its settings, or left some in a session of the pool, and
    # tables in its `pg_temp`, which comes first unless it is named. Supabase's auth.uid() believes the last two before
    # the claims.
    " set_config('search_path', 'public, pg_temp', true), set_config('request.jwt.claim', '', true),"
    " set_config('request.jwt.claim.sub', '', true)"
)


class DatabaseUnavailable(Exception):
    """Postgres can't be reached, or gave up in the middle; whether a commit took place is unknown."""


class SchemaUnusable(DatabaseUnavailable):
    """A table, column, type or role isn't there: `smelt migrate` hasn't made it yet, and until then it is an outage."""


class LockTimeout(DatabaseUnavailable):
    """Another transaction held a lock for longer than this one was to wait; nothing has changed."""


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
            "timeout": _milliseconds(statement_timeout),
            "idle": _milliseconds(idle_timeout),
            "lock": _milliseconds(lock_timeout),
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
    def _transaction(self, role: str, claims: dict[str, str]) -> Iterator[Connection]:
        """Commits at the end of the block, rolls back on any exception.

        Raises DatabaseUnavailable when the connection can't be had or is lost, LockTimeout.
        """
        try:
            with self._begin(role, claims) as conn, self._in_use.track_inprogress():
                changes.begin(conn)
                yield conn
                conn.commit()
                changed, deliveries, counted = changes.noted(conn)
        except DBAPIError as error:
            if isinstance(error.orig, LockNotAvailable):
                database_errors.labels("lock_timeout").inc()
                raise LockTimeout(type(error.orig).__name__) from error
            if _is_outage(error):
                database_errors.labels("away").inc()
                raise DatabaseUnavailable(_said(error)) from error
            if _sqlstate(error) in NOT_THERE:
                database_errors.labels("schema").inc()
                raise SchemaUnusable(_said(error)) from error
            raise
        except PoolTimeout as error:
            database_errors.labels("no_connection").inc()
            raise DatabaseUnavailable("no free connection") from error
        for count in counted:
            count()
        if changed and self._on_change is not None:
            self._on_change(changed)
        if deliveries and self._on_delivery is not None:
            self._on_delivery(deliveries)

    def _begin(self, role: str, claims: dict[str, str]) -> Connection:
        """A connection in a transaction of this role. A pooled one that died meanwhile is replaced once.

        Closing it without a commit rolls back.
        """
        values = {"role": role, "claims": json.dumps(claims), **self._limits}
        for last_try in (False, True):
            conn = self._engine.connect()
            connection = cast("BoundedConnection", conn.connection.driver_connection)
            connection.exchange_seconds = CONNECT_SECONDS
            try:
                conn.execute(BEGIN_AS, values)
            except DBAPIError as error:
                conn.close()
                if _sqlstate(error) in NO_ROLE:
                    database_errors.labels("schema").inc()
                    raise SchemaUnusable(_said(error)) from error
                if last_try or not error.connection_invalidated:
                    raise
            else:
                connection.exchange_seconds = self._exchange_seconds
                return conn
        raise AssertionError("unreachable")


def _is_outage(error: DBAPIError) -> bool:
    lost = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return lost or _sqlstate(error) == STANDBY


def _sqlstate(error: DBAPIError) -> str | None:
    return error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None


def _said(error: DBAPIError) -> str:
    """The kind of error, and where there is no connection libpq's words for that: they name host, role and database,
    and never a password. What a server says of a statement could hold what is stored.
    """
    kind = type(error.orig).__name__
    return kind if _sqlstate(error) else f"{kind}: {' '.join(str(error.orig).split())}"


def _milliseconds(limit: timedelta) -> str:
    return f"{int(limit.total_seconds() * 1000)}ms"
