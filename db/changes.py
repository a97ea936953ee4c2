"""What a transaction has done that others wait for: noted while it runs, told to them once it has committed."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

_CHANGED, _DELIVERIES = "smelt.changed", "smelt.deliveries"


def begin(conn: Connection) -> None:
    """Forgets what an earlier transaction on this connection noted, perhaps before it failed."""
    conn.info[_CHANGED] = set()
    conn.info[_DELIVERIES] = 0


def note(conn: Connection, smelt_id: UUID) -> None:
    """Whoever raises a smelt's version, or deletes it, calls this in the same transaction."""
    conn.info[_CHANGED].add(smelt_id)


def note_delivery(conn: Connection) -> None:
    """Whoever makes a webhook claimable calls this in the same transaction."""
    conn.info[_DELIVERIES] += 1


def noted(conn: Connection) -> tuple[Collection[UUID], int]:
    """The smelts that were changed; how many webhooks became claimable."""
    return conn.info[_CHANGED], conn.info[_DELIVERIES]
