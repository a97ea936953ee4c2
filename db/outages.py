"""What Postgres and the libraries before it say of trouble, in the words that the service goes by."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pipeline.metrics.servers import database_errors

STANDBY = "0A000"  # the answer of one that was primary to a BEGIN READ WRITE
# Undefined table, column, function, object (such as a type) and schema
NOT_THERE = frozenset({"42P01", "42703", "42883", "42704", "3F000"})
# Of who can't become one of the three roles: there is none, or it isn't granted to this login
NO_ROLE = frozenset({"22023", "42501"})


class DatabaseUnavailable(Exception):
    """Postgres can't be reached, or gave up in the middle; whether a commit took place is unknown."""


class SchemaUnusable(DatabaseUnavailable):
    """A table, column, type or role isn't there: `smelt migrate` hasn't made it yet, and until then it is an outage."""


class LockTimeout(DatabaseUnavailable):
    """Another transaction held a lock for longer than this one was to wait; nothing has changed."""


def no_role(error: psycopg.Error) -> SchemaUnusable | None:
    """Where a transaction can't become its role, or isn't granted what it needs."""
    if error.sqlstate not in NO_ROLE:
        return None
    database_errors.labels("schema").inc()
    return SchemaUnusable(_said(error))


def violated(error: IntegrityError | psycopg.IntegrityError) -> str | None:
    """The name of the constraint that a statement has violated, by whichever library it went."""
    said = error.orig if isinstance(error, IntegrityError) else error
    return said.diag.constraint_name if isinstance(said, psycopg.Error) else None


@contextmanager
def translated() -> Iterator[None]:
    """What the libraries raise, in the words of this module. Raises DatabaseUnavailable, LockTimeout."""
    try:
        yield
    except PoolTimeout as error:
        database_errors.labels("no_connection").inc()
        raise DatabaseUnavailable("no free connection") from error
    except (DBAPIError, psycopg.Error) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(said, LockNotAvailable):
            database_errors.labels("lock_timeout").inc()
            raise LockTimeout(type(said).__name__) from error
        if _is_outage(error):
            database_errors.labels("away").inc()
            raise DatabaseUnavailable(_said(said)) from error
        if _sqlstate(said) in NOT_THERE:
            database_errors.labels("schema").inc()
            raise SchemaUnusable(_said(said)) from error
        raise


def _is_outage(error: DBAPIError | psycopg.Error) -> bool:
    said = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(said, psycopg.OperationalError | psycopg.InterfaceError)
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or invalidated or _sqlstate(said) == STANDBY


def _sqlstate(error: BaseException | None) -> str | None:
    return error.sqlstate if isinstance(error, psycopg.Error) else None


def _said(error: BaseException | None) -> str:
    """The kind of error, and where there is no connection libpq's words for that: they name host, role and database,
    and never a password. What a server says of a statement could hold what is stored.
    """
    kind = type(error).__name__
    return kind if _sqlstate(error) else f"{kind}: {' '.join(str(error).split())}"
