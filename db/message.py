"""Statements that go to Postgres in one message, each with its values beside it, and what they return.

By libpq's pipeline itself: with psycopg's, which has a cursor for each statement and sends each as it comes, an
admission took its client a quarter more processor time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import psycopg
from psycopg import abc, pq
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch, fetch_many, send

_NAME = re.compile(r"(?<!:):([a-z_]+)")

Row: TypeAlias = Sequence[Any]
Written: TypeAlias = tuple[str, Mapping[str, object]]
"""SQL with `:names`, as SQLAlchemy has it, and their values."""


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


def exchange(connection: "psycopg.Connection[Any]", statements: Sequence[Written]) -> list[Rows]:
    """What each has returned, in order. Where one fails those behind it aren't run.

    Raises psycopg.Error: the server's word on a statement, and the connection is fit for the next; or it is closed.
    """
    transformer = Transformer(connection)
    bound = [_bound(transformer, *statement) for statement in statements]
    try:
        answers = connection.wait(_asked(connection.pgconn, bound))
        connection.pgconn.exit_pipeline_mode()
    except BaseException:
        connection.pgconn.finish()  # what it says yet would be taken for the answer to the next question
        raise
    return [_rows(transformer, answer) for answer in answers]


@dataclass(frozen=True, slots=True)
class _Bound:
    """A statement as libpq takes it."""

    sql: bytes
    values: Sequence[Any]
    types: Sequence[int]
    formats: Sequence[pq.Format]


def _bound(transformer: abc.Transformer, sql: str, values: Mapping[str, object]) -> _Bound:
    numbered, names = _numbered(sql)
    dumped = transformer.dump_sequence([values[name] for name in names], [PyFormat.AUTO] * len(names))
    return _Bound(numbered, dumped, transformer.types or (), transformer.formats or ())


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[bytes, Sequence[str]]:
    """With `$1` for a name, in libpq's way; and the names, by number."""
    names = list(dict.fromkeys(_NAME.findall(sql)))
    return _NAME.sub(lambda found: f"${names.index(found[1]) + 1}", sql).encode(), names


def _asked(pgconn: pq.abc.PGconn, statements: Sequence[_Bound]) -> PQGen[list[list[pq.abc.PGresult]]]:
    pgconn.enter_pipeline_mode()
    for one in statements:
        pgconn.send_query_params(one.sql, one.values, one.types, one.formats)
    pgconn.pipeline_sync()
    yield from send(pgconn)
    answers: list[list[pq.abc.PGresult]] = []
    while len(answers) < len(statements):
        answers.append((yield from fetch_many(pgconn)))
    yield from fetch(pgconn)  # of the end
    return answers


def _rows(transformer: abc.Transformer, results: Sequence[pq.abc.PGresult]) -> Rows:
    [result] = results
    if result.status == pq.ExecStatus.COMMAND_OK:
        return Rows([])
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    transformer.set_pgresult(result)
    return Rows(transformer.load_rows(0, result.ntuples, tuple))
