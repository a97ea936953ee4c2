"""Which smelts a transaction has changed: noted while it runs, told to followers once it has committed."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

_NOTED = "smelt.changed"


def begin(conn: Connection) -> None:
    """Forgets what an earlier transaction on this connection noted, perhaps before it failed."""
    conn.info[_NOTED] = set()


def note(conn: Connection, smelt_id: UUID) -> None:
    """Whoever raises a smelt's version, or deletes it, calls this in the same transaction."""
    conn.info[_NOTED].add(smelt_id)


def noted(conn: Connection) -> Collection[UUID]:
    smelts: set[UUID] = conn.info[_NOTED]
    return smelts
