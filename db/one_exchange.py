"""A transaction's statements, sent together with its beginning and its commit: one exchange with Postgres."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Connection, TextClause

from db.message import Row, Rows, exchange
from pipeline.tracing import spans

__all__ = ["AnyConnection", "OneExchange", "Row", "Rows", "Statement", "execute_all"]

Statement: TypeAlias = tuple[TextClause, Mapping[str, object]]


class OneExchange:
    """In place of a connection, for a function that makes one statement, or several that don't depend on each other.

    `begin`: what is sent before them; `sealed`: whether the commit is sent behind them, and then nothing takes back
    what they have done. Where it isn't, a function may ask on, in an exchange more each time. `info`: as a
    connection's, for `db/changes.py`.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", begin: Sequence[str], *, sealed: bool) -> None:
        self.info: dict[str, Any] = {}
        self._connection = connection
        self._begin = begin
        self._sealed = sealed
        self._committed = False

    def execute(self, statement: TextClause, values: Mapping[str, object]) -> Rows:
        """Raises ValueError where the commit has been sent; psycopg.Error."""
        [rows] = self.execute_all([(statement, values)])
        return rows

    def execute_all(self, statements: Sequence[Statement]) -> list[Rows]:
        """What each has returned, in order: each sees what those before it have done. Raises as `execute` does."""
        if self._committed:
            raise ValueError("this transaction has had its exchange")
        self._committed = self._sealed
        before, behind = self._begin, ["commit"] if self._sealed else []
        self._begin = ()
        written = [(statement.text, values) for statement, values in statements]
        # By itself, since there is no cursor that the instrumentation would see.
        text = "; ".join(sql for sql, _ in written)
        with spans.call("statement", {"db.system.name": "postgresql", "db.query.text": text}):
            answers = exchange(
                self._connection, [*((sql, {}) for sql in before), *written, *((sql, {}) for sql in behind)]
            )
        return answers[len(before) : len(before) + len(written)]

    def end(self) -> None:
        """Commits, unless that is done already or nothing was sent. Raises psycopg.Error."""
        if not self._sealed and not self._begin:
            exchange(self._connection, [("commit", {})])


AnyConnection: TypeAlias = Connection | OneExchange


def execute_all(conn: AnyConnection, statements: Sequence[Statement]) -> list[Rows]:
    """On either kind of connection: in one exchange if it can be. Raises psycopg.Error, or SQLAlchemy's of it."""
    if isinstance(conn, OneExchange):
        return conn.execute_all(statements)
    return [Rows(conn.execute(*statement).all()) for statement in statements]
