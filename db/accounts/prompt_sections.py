"""The sections of a user's library of prompts. Run as that user: the policies keep other users' out of reach.

They stand at the positions 0, 1, 2, …; each write locks the user's library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db.accounts.library import PROMPTS, SECTIONS, check_room, lock_library, renumber, reorder
from db.statement import cached_text

_COLUMNS = "id, title, position, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class PromptSection:
    id: UUID
    title: str
    position: int
    created_at: datetime
    updated_at: datetime


def get_section(conn: Connection, section_id: UUID) -> PromptSection | None:
    row = conn.execute(
        cached_text(f"select {_COLUMNS} from prompt_sections where id = :id"), {"id": section_id}
    ).one_or_none()
    return None if row is None else PromptSection(*row)


def list_sections(conn: Connection, user_id: UUID) -> list[PromptSection]:
    """By position."""
    rows = conn.execute(
        cached_text(f"select {_COLUMNS} from prompt_sections where user_id = :user_id order by position"),
        {"user_id": user_id},
    )
    return [PromptSection(*row) for row in rows]


def create_section(conn: Connection, user_id: UUID, title: str) -> PromptSection:
    """At the end. Locks the library. Raises db.accounts.library.LibraryFull."""
    lock_library(conn, user_id)
    check_room(conn, SECTIONS, user_id)
    row = conn.execute(
        cached_text(
            f"""
            insert into prompt_sections (id, user_id, title, position)
            values (:id, :user_id, :title, (select count(*) from prompt_sections where user_id = :user_id))
            returning {_COLUMNS}
            """
        ),
        {"id": uuid7(), "user_id": user_id, "title": title},
    ).one()
    return PromptSection(*row)


def rename_section(conn: Connection, user_id: UUID, section_id: UUID, title: str) -> bool:
    """False: there is no such section. Locks the library."""
    lock_library(conn, user_id)
    result = conn.execute(
        cached_text("update prompt_sections set title = :title, updated_at = now() where id = :id"),
        {"id": section_id, "title": title},
    )
    return result.rowcount == 1


def delete_section(conn: Connection, user_id: UUID, section_id: UUID) -> bool:
    """Its prompts go, in their order, to the end of those without a section. Locks the library.

    False: there is no such section.
    """
    lock_library(conn, user_id)
    conn.execute(
        cached_text(
            """
            update prompts set section_id = null, updated_at = now(), position = position + (
                select count(*) from prompts other where other.user_id = :user_id and other.section_id is null
            )
            where section_id = :id
            """
        ),
        {"id": section_id, "user_id": user_id},
    )
    deleted = conn.execute(
        cached_text("delete from prompt_sections where id = :id"), {"id": section_id}
    ).rowcount
    renumber(conn, SECTIONS, user_id)
    renumber(conn, PROMPTS, user_id)
    return deleted == 1


def reorder_sections(conn: Connection, user_id: UUID, ids: Sequence[UUID]) -> None:
    """In the order of `ids`; those not named follow. Locks the library. Raises db.accounts.library.NotInLibrary."""
    reorder(conn, SECTIONS, user_id, ids)
