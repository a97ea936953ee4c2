"""A transaction's statements, sent together with its beginning and its commit: one exchange with Postgres.

The statements' values are written into it, since only so does Postgres take several statements in one message: none may
be what a log must not hold.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Connection, TextClause

from pipeline.tracing import spans

_NAME = re.compile(r"(?<!:):([a-z_]+)")

Row = Sequence[Any]
Statement: TypeAlias = tuple[TextClause, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Rows:
    rows: Sequence[Row]

    def one_or_none(self) -> Row | None:
        if len(self.rows) > 1:
            raise ValueError("more rows than one")
        return self.rows[0] if self.rows else None

    def one(self) -> Row:
        [row] = self.rows
        return row


class OneExchange:
    """In place of a connection, for a function that makes one statement, or several that don't depend on each other.

    `begin`: what is sent before them; `sealed`: whether the commit is sent behind them, and then nothing takes back
    what they have done. `info`: as a connection's, for `db/changes.py`.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", begin: str, *, sealed: bool) -> None:
        self.info: dict[str, Any] = {}
        self._connection = connection
        self._begin = begin
        self._sealed = sealed
        self._sent = False

    def execute(self, statement: TextClause, values: Mapping[str, object]) -> Rows:
        """Raises ValueError the second time; psycopg.Error."""
        [rows] = self.execute_all([(statement, values)])
        return rows

    def execute_all(self, statements: Sequence[Statement]) -> list[Rows]:
        """What each has returned, in order: each sees what those before it have done. Raises as `execute` does."""
        if self._sent:
            raise ValueError("this transaction has had its exchange")
        self._sent = True
        cursor = psycopg.ClientCursor(self._connection)
        written = [statement.text for statement, _ in statements]
        # By itself, since what is sent holds the values, and this kind of cursor isn't the instrumentation's.
        with spans.call("statement", {"db.system.name": "postgresql", "db.query.text": "; ".join(written)}):
            cursor.execute(self._message(cursor, statements))
        if self._begin:
            cursor.nextset()
            cursor.nextset()
        return list(_results(cursor, len(statements)))

    def _message(self, cursor: "psycopg.ClientCursor[Any]", statements: Sequence[Statement]) -> bytes:
        with_values = [
            cursor.mogrify(_with_names(statement.text), values) for statement, values in statements
        ]
        return "; ".join(filter(None, (self._begin, *with_values, "commit" if self._sealed else ""))).encode()

    def end(self) -> None:
        """Commits, unless that is done already. Raises psycopg.Error."""
        if not self._sealed:
            self._connection.execute("commit")


AnyConnection: TypeAlias = Connection | OneExchange


def execute_all(conn: AnyConnection, statements: Sequence[Statement]) -> list[Rows]:
    """On either kind of connection: in one exchange if it can be. Raises psycopg.Error, or SQLAlchemy's of it."""
    if isinstance(conn, OneExchange):
        return conn.execute_all(statements)
    return [Rows(conn.execute(*statement).all()) for statement in statements]


def _results(cursor: "psycopg.ClientCursor[Any]", count: int) -> Iterator[Rows]:
    for left in reversed(range(count)):
        yield Rows(cursor.fetchall())
        if left:
            cursor.nextset()


@lru_cache(maxsize=256)
def _with_names(sql: str) -> str:
    """`:name`, as SQLAlchemy has it, in psycopg's way."""
    return _NAME.sub(r"%(\1)s", sql.replace("%", "%%"))
