"""What a transaction has done that others wait for: noted while it runs, told to them once it has committed."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID


class HasInfo(Protocol):
    """A connection, or what stands in for one."""

    @property
    def info(self) -> dict[Any, Any]: ...


Noted: TypeAlias = tuple[Collection[UUID], int, Sequence[Callable[[], object]]]

_CHANGED, _DELIVERIES, _COUNTED = "smelt.changed", "smelt.deliveries", "smelt.counted"


def begin(conn: HasInfo) -> None:
    """Forgets what an earlier transaction on this connection noted, perhaps before it failed."""
    conn.info[_CHANGED] = set()
    conn.info[_DELIVERIES] = 0
    conn.info[_COUNTED] = []


def note(conn: HasInfo, smelt_id: UUID) -> None:
    """Whoever raises a smelt's version, or deletes it, calls this in the same transaction."""
    conn.info[_CHANGED].add(smelt_id)


def note_delivery(conn: HasInfo) -> None:
    """Whoever makes a webhook claimable calls this in the same transaction."""
    conn.info[_DELIVERIES] += 1


def count(conn: HasInfo, counted: Callable[[], object]) -> None:
    """What a metric is to count of this transaction: called once it has committed. Must not raise."""
    conn.info[_COUNTED].append(counted)


def noted(conn: HasInfo) -> Noted:
    """The smelts that were changed; how many webhooks became claimable; what is to be counted."""
    return conn.info[_CHANGED], conn.info[_DELIVERIES], conn.info[_COUNTED]
