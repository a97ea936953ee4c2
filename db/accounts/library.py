"""What prompts and their sections share: one lock for each user's library, and positions without gaps.

Every write of the library takes the lock first. It is advisory, because there may be no row to lock yet, and it ends
with the transaction. Run as that user: the policies keep other users' out of reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text

LOCK_TIMEOUT = "2s"


class LibraryFull(Exception):
    """The user has as many prompts or sections as are allowed."""


class NotInLibrary(Exception):
    """Some of the ids that were to be put in order are not there, or another user's."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"{len(self.ids)} ids")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A table whose rows stand in an order, from 0 within each `group`."""

    table: str
    group: str
    most: int  # rows of one user


SECTIONS = Shelf("prompt_sections", "user_id", 200)
PROMPTS = Shelf("prompts", "section_id", 1_000)


def lock_library(conn: Connection, user_id: UUID) -> None:
    """Until the transaction ends, nobody else writes this user's prompts or sections. Locks nothing but that.

    Neither this lock nor a later one is waited for as long as other transactions wait: writes at once are many, each
    holds a connection while it waits, and the client may repeat it. Raises db.session.LockTimeout in the end.
    """
    conn.execute(cached_text("select set_config('lock_timeout', :wait, true)"), {"wait": LOCK_TIMEOUT})
    conn.execute(
        cached_text("select pg_advisory_xact_lock(hashtextextended('prompt library ' || :user_id, 0))"),
        {"user_id": str(user_id)},
    )


def check_room(conn: Connection, shelf: Shelf, user_id: UUID) -> None:
    """Raises LibraryFull. Under the library's lock."""
    count = conn.execute(
        cached_text(f"select count(*) from {shelf.table} where user_id = :user_id"), {"user_id": user_id}
    ).scalar_one()
    if count >= shelf.most:
        raise LibraryFull


def reorder(conn: Connection, shelf: Shelf, user_id: UUID, ids: Sequence[UUID]) -> None:
    """Puts those rows first in their groups, in this order; the others follow as they stood. Locks the library.

    Raises NotInLibrary, changing nothing.
    """
    lock_library(conn, user_id)
    missing = conn.execute(
        cached_text(
            f"""
            select wanted.id from unnest(cast(:ids as uuid[])) wanted (id)
            left join {shelf.table} mine on mine.id = wanted.id and mine.user_id = :user_id where mine.id is null
            """
        ),
        {"ids": list(ids), "user_id": user_id},
    )
    if unknown := missing.scalars().all():
        raise NotInLibrary(unknown)
    renumber(conn, shelf, user_id, ids)


def renumber(conn: Connection, shelf: Shelf, user_id: UUID, first: Sequence[UUID] = ()) -> None:
    """Positions 0, 1, 2, … within each group: `first` in its order, then the rest in theirs. Under the lock."""
    conn.execute(
        cached_text(
            f"""
            update {shelf.table} mine set position = ranked.place
            from (
                select each.id, row_number() over (
                    partition by each.{shelf.group} order by wanted.place nulls last, each.position, each.id
                ) - 1 as place
                from {shelf.table} each
                left join unnest(cast(:first as uuid[])) with ordinality wanted (id, place) on wanted.id = each.id
                where each.user_id = :user_id
            ) ranked
            where mine.id = ranked.id and mine.position <> ranked.place
            """
        ),
        {"first": list(first), "user_id": user_id},
    )
