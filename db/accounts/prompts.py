"""A user's own prompts. Run as that user: the policies keep other users' out of reach.

Those of a section, and those without one, stand at the positions 0, 1, 2, …; each write locks the user's library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db.accounts.library import PROMPTS, check_room, lock_library, renumber, reorder
from db.statement import cached_text

_COLUMNS = "id, section_id, title, body, position, created_at, updated_at"


class NoSuchSection(Exception):
    """The section isn't there, or not this user's."""


@dataclass(frozen=True, slots=True)
class Prompt:
    id: UUID
    section_id: UUID | None
    title: str
    body: str
    position: int
    created_at: datetime
    updated_at: datetime


def get_prompt(conn: Connection, prompt_id: UUID) -> Prompt | None:
    row = conn.execute(
        cached_text(f"select {_COLUMNS} from prompts where id = :id"), {"id": prompt_id}
    ).one_or_none()
    return None if row is None else Prompt(*row)


def list_prompts(conn: Connection, user_id: UUID) -> list[Prompt]:
    """Those without a section first, then section by section, each by position."""
    rows = conn.execute(
        cached_text(
            f"""
            select {_COLUMNS} from prompts where user_id = :user_id
            order by (select position from prompt_sections s where s.id = section_id) nulls first, position
            """
        ),
        {"user_id": user_id},
    )
    return [Prompt(*row) for row in rows]


def create_prompt(conn: Connection, user_id: UUID, title: str, body: str, section_id: UUID | None) -> Prompt:
    """At the end of its section, or of those without one. Postgres counts the characters. Locks the library.

    Raises NoSuchSection, db.accounts.library.LibraryFull.
    """
    lock_library(conn, user_id)
    check_room(conn, PROMPTS, user_id)
    _check_section(conn, section_id)
    row = conn.execute(
        cached_text(
            f"""
            insert into prompts (id, user_id, section_id, title, body, position)
            values (:id, :user_id, :section_id, :title, :body, {_END})
            returning {_COLUMNS}
            """
        ),
        {"id": uuid7(), "user_id": user_id, "section_id": section_id, "title": title, "body": body},
    ).one()
    return Prompt(*row)


def edit_prompt(
    conn: Connection, user_id: UUID, prompt_id: UUID, title: str | None, body: str | None
) -> bool:
    """None leaves a field as it is. False: there is no such prompt. Locks the library.

    Smelts that were admitted with the prompt keep the text that it had then.
    """
    lock_library(conn, user_id)
    result = conn.execute(
        cached_text(
            """
            update prompts set title = coalesce(:title, title), body = coalesce(:body, body), updated_at = now()
            where id = :id
            """
        ),
        {"id": prompt_id, "title": title, "body": body},
    )
    return result.rowcount == 1


def move_prompt(conn: Connection, user_id: UUID, prompt_id: UUID, section_id: UUID | None) -> None:
    """To the end of a section, or (None) of those without one; where it is there already, nothing. Locks the library.

    Raises NoSuchSection.
    """
    lock_library(conn, user_id)
    _check_section(conn, section_id)
    conn.execute(
        cached_text(
            f"""
            update prompts set section_id = :section_id, position = {_END}, updated_at = now()
            where id = :id and section_id is distinct from :section_id
            """
        ),
        {"id": prompt_id, "user_id": user_id, "section_id": section_id},
    )
    renumber(conn, PROMPTS, user_id)


def delete_prompt(conn: Connection, user_id: UUID, prompt_id: UUID) -> bool:
    """Smelts that used it stay; their outputs know that they were made by a prompt of the user's own.

    Locks the library, then the prompt, then the rows of those smelts.
    """
    lock_library(conn, user_id)
    deleted = conn.execute(cached_text("delete from prompts where id = :id"), {"id": prompt_id}).rowcount == 1
    renumber(conn, PROMPTS, user_id)
    return deleted


def reorder_prompts(conn: Connection, user_id: UUID, ids: Sequence[UUID]) -> None:
    """Each section's prompts in the order of `ids`; those not named follow. Locks the library.

    Raises db.accounts.library.NotInLibrary.
    """
    reorder(conn, PROMPTS, user_id, ids)


_END = """(
    select count(*) from prompts other
    where other.user_id = :user_id and other.section_id is not distinct from cast(:section_id as uuid)
)"""


def _check_section(conn: Connection, section_id: UUID | None) -> None:
    """Raises NoSuchSection. Under the library's lock, so that it stays there."""
    if section_id is None:
        return
    found = conn.execute(cached_text("select from prompt_sections where id = :id"), {"id": section_id})
    if found.one_or_none() is None:
        raise NoSuchSection
