"""A transaction of one statement, sent together with its beginning and its commit: one exchange with Postgres.

The statement's values are written into it, since only so does Postgres take several statements in one message: none may
be what a log must not hold.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Connection, TextClause

from pipeline.tracing import spans

_NAME = re.compile(r"(?<!:):([a-z_]+)")

Row = Sequence[Any]


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


class OneStatement:
    """In place of a connection, for a function that makes one statement.

    `begin`: what is sent before it; `sealed`: whether the commit is sent behind it, and then nothing takes back what it
    has done. `info`: as a connection's, for `db/changes.py`.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", begin: str, *, sealed: bool) -> None:
        self.info: dict[str, Any] = {}
        self._connection = connection
        self._begin = begin
        self._sealed = sealed
        self._sent = False

    def execute(self, statement: TextClause, values: Mapping[str, object]) -> Rows:
        """Raises ValueError the second time; psycopg.Error."""
        if self._sent:
            raise ValueError("this transaction has had its statement")
        self._sent = True
        cursor = psycopg.ClientCursor(self._connection)
        parts = [_escaped(self._begin), _with_names(statement.text), "commit" if self._sealed else ""]
        # By itself, since what is sent holds the values, and this kind of cursor isn't the instrumentation's.
        with spans.call("statement", {"db.system.name": "postgresql", "db.query.text": statement.text}):
            cursor.execute("; ".join(filter(None, parts)).encode(), values)
        if self._begin:
            cursor.nextset()
            cursor.nextset()
        return Rows(cursor.fetchall())

    def end(self) -> None:
        """Commits, unless that is done already. Raises psycopg.Error."""
        if not self._sealed:
            self._connection.execute("commit")


AnyConnection: TypeAlias = Connection | OneStatement


@lru_cache(maxsize=256)
def _escaped(sql: str) -> str:
    return sql.replace("%", "%%")


@lru_cache(maxsize=256)
def _with_names(sql: str) -> str:
    """`:name`, as SQLAlchemy has it, in psycopg's way."""
    return _NAME.sub(r"%(\1)s", _escaped(sql))
