"""All that is stored of a user as one JSON document, made while it is sent: it may be hundreds of megabytes."""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.accounts import Table, export_rows, find_smelt_ids, find_tables
from db.session import Database


def exported(database: Database, user_id: UUID) -> Iterator[bytes]:
    """An `AccountExport`. Each piece is a transaction: rows that change meanwhile are told of before or after it.

    Raises DatabaseUnavailable.
    """
    with database.service() as conn:
        tables, smelt_ids = find_tables(conn), find_smelt_ids(conn, user_id)
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    separator = f'{{"exported_at":"{now}","tables":{{'
    for name, table in tables.items():
        yield f"{separator}{json.dumps(name)}:[".encode()
        yield from _rows(database, table, user_id, smelt_ids)
        separator = "],"
    yield b"]}}"


def _rows(database: Database, table: Table, user_id: UUID, smelt_ids: Sequence[str]) -> Iterator[bytes]:
    separator = ""
    for some in _batches(smelt_ids, table.smelts_at_once) if table.of_smelts else [()]:
        with _role(database, table, user_id) as conn:
            rows = export_rows(conn, table, user_id, some)
        if rows:
            yield f"{separator}{rows}".encode()
            separator = ","


def _batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _role(database: Database, table: Table, user_id: UUID) -> AbstractContextManager[Connection]:
    return database.service() if table.hidden else database.user(user_id)
