"""A user's own prompts. Run as that user: the policies see to it that she reaches no other's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

_COLUMNS = "id, section_id, title, body, position, created_at, updated_at"


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
        text(f"select {_COLUMNS} from prompts where id = :id"), {"id": prompt_id}
    ).one_or_none()
    return None if row is None else Prompt(*row)


def list_prompts(conn: Connection, user_id: UUID) -> list[Prompt]:
    """By section and position."""
    rows = conn.execute(
        text(
            f"""
            select {_COLUMNS} from prompts where user_id = :user_id
            order by section_id nulls first, position, id
            """
        ),
        {"user_id": user_id},
    )
    return [Prompt(*row) for row in rows]


def create_prompt(conn: Connection, user_id: UUID, title: str, body: str) -> Prompt:
    """At the end of those without a section. Postgres counts the characters."""
    row = conn.execute(
        text(
            f"""
            insert into prompts (id, user_id, title, body, position)
            select :id, :user_id, :title, :body, coalesce(max(position) + 1, 0)
            from prompts where user_id = :user_id and section_id is null
            returning {_COLUMNS}
            """
        ),
        {"id": uuid7(), "user_id": user_id, "title": title, "body": body},
    ).one()
    return Prompt(*row)


def delete_prompt(conn: Connection, prompt_id: UUID) -> bool:
    """Smelts that used it stay; their outputs know that they were made by a prompt of the user's own."""
    return conn.execute(text("delete from prompts where id = :id"), {"id": prompt_id}).rowcount == 1
