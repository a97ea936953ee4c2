"""Wraps stored secrets anew with the key ring's current key. Content is not touched. For the service role."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db.session import Database
from db.statement import cached_text
from pipeline.content.keyring import KeyRing, smelt_context, user_context, webhook_context
from pipeline.errors import WorkError

BATCH = 500


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Where wrapped secrets are. `context` binds them to their row's id; `names_key`: a column names the key."""

    table: str
    id: str
    column: str
    context: Callable[[UUID], bytes]
    names_key: bool


WRAPPED = (
    Wrapped("smelts", "id", "content_key", smelt_context, names_key=False),
    Wrapped("user_api_keys", "user_id", "ciphertext", user_context, names_key=True),
    Wrapped("webhook_secrets", "id", "ciphertext", webhook_context, names_key=True),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one table so far. `unreadable`: wrapped by a key that isn't on the ring, or damaged; left as they are."""

    table: str
    seen: int = 0
    rewrapped: int = 0
    unreadable: int = 0


def rewrap_all(database: Database, keyring: KeyRing, batch: int = BATCH) -> Iterator[Progress]:
    """Goes through every table in short transactions; yields after each. May be stopped and begun again at any time."""
    for wrapped in WRAPPED:
        progress, after = Progress(wrapped.table), UUID(int=0)
        while True:
            with database.service() as conn:
                rows = _lock_rows(conn, wrapped, after, batch)
                progress = _rewrap(conn, wrapped, keyring, rows, progress)
            yield progress
            if len(rows) < batch:
                break
            after = rows[-1][0]


def _lock_rows(conn: Connection, wrapped: Wrapped, after: UUID, limit: int) -> list[tuple[UUID, bytes]]:
    """Locks the rows until the batch's transaction ends, in the order of their ids."""
    rows = conn.execute(
        cached_text(
            f"""
            select {wrapped.id}, {wrapped.column} from {wrapped.table}
            where {wrapped.id} > :after and {wrapped.column} is not null
            order by {wrapped.id} limit :limit for update
            """
        ),
        {"after": after, "limit": limit},
    )
    return [(row[0], bytes(row[1])) for row in rows]


def _rewrap(
    conn: Connection,
    wrapped: Wrapped,
    keyring: KeyRing,
    rows: list[tuple[UUID, bytes]],
    progress: Progress,
) -> Progress:
    changed: dict[UUID, bytes] = {}
    unreadable = 0
    for row_id, old in rows:
        context = wrapped.context(row_id)
        try:
            if keyring.needs_rewrap(old):
                changed[row_id] = keyring.wrap(keyring.unwrap(old, context), context)
        except WorkError:  # KeyUnknown, KeyTampered
            unreadable += 1
    _write(conn, wrapped, keyring, changed)
    return Progress(
        progress.table,
        progress.seen + len(rows),
        progress.rewrapped + len(changed),
        progress.unreadable + unreadable,
    )


def _write(conn: Connection, wrapped: Wrapped, keyring: KeyRing, changed: dict[UUID, bytes]) -> None:
    if not changed:
        return
    named = ", key_id = fresh.key_id" if wrapped.names_key else ""
    conn.execute(
        cached_text(
            f"""
            update {wrapped.table} mine set {wrapped.column} = fresh.secret{named}
            from unnest(cast(:ids as uuid[]), cast(:secrets as bytea[]), cast(:key_ids as text[]))
                as fresh (id, secret, key_id)
            where mine.{wrapped.id} = fresh.id
            """
        ),
        {
            "ids": list(changed),
            "secrets": list(changed.values()),
            "key_ids": [keyring.key_id(secret) for secret in changed.values()],
        },
    )
