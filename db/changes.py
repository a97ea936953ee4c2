"""What a transaction has done that others wait for: noted while it runs, told to them once it has committed."""

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from sqlalchemy import Connection

_CHANGED, _DELIVERIES, _COUNTED = "smelt.changed", "smelt.deliveries", "smelt.counted"


def begin(conn: Connection) -> None:
    """Forgets what an earlier transaction on this connection noted, perhaps before it failed."""
    conn.info[_CHANGED] = set()
    conn.info[_DELIVERIES] = 0
    conn.info[_COUNTED] = []


def note(conn: Connection, smelt_id: UUID) -> None:
    """Whoever raises a smelt's version, or deletes it, calls this in the same transaction."""
    conn.info[_CHANGED].add(smelt_id)


def note_delivery(conn: Connection) -> None:
    """Whoever makes a webhook claimable calls this in the same transaction."""
    conn.info[_DELIVERIES] += 1


def count(conn: Connection, counted: Callable[[], object]) -> None:
    """What a metric is to count of this transaction: called once it has committed. Must not raise."""
    conn.info[_COUNTED].append(counted)


def noted(conn: Connection) -> tuple[Collection[UUID], int, Sequence[Callable[[], object]]]:
    """The smelts that were changed; how many webhooks became claimable; what is to be counted."""
    return conn.info[_CHANGED], conn.info[_DELIVERIES], conn.info[_COUNTED]
