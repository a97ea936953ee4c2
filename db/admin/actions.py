"""The record of what operators did: a row for each act, and how many things it did, each counted as it is done."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db.statement import cached_text


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts, by their own word, and from where. As what they are logged in is Postgres's word."""

    name: str
    host: str


@dataclass(frozen=True, slots=True)
class Act:
    """`filter`: by what was chosen what it was done to. `tenant`: whom it was about, if about one."""

    command: str
    filter: Mapping[str, object]
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    id: UUID
    operator: str
    host: str
    login: str
    command: str
    tenant: str | None
    filter: Mapping[str, object]
    count: int
    created_at: datetime


def record(conn: Connection, operator: Operator, act: Act, count: int = 0) -> UUID:
    """Begins an act. `count`: of what was done in this very transaction."""
    action_id = uuid7()
    conn.execute(
        cached_text(
            """
            insert into admin_actions (id, operator, host, command, tenant, filter, count)
            values (:id, :operator, :host, :command, :tenant, cast(:filter as jsonb), :count)
            """
        ),
        {
            "id": action_id,
            "operator": operator.name,
            "host": operator.host,
            "command": act.command,
            "tenant": act.tenant,
            "filter": json.dumps(act.filter, default=str),
            "count": count,
        },
    )
    return action_id


def count(conn: Connection, action_id: UUID, number: int = 1) -> None:
    """So much more was done, in this transaction. Locks the act's row."""
    conn.execute(
        cached_text("update admin_actions set count = count + :number where id = :id"),
        {"id": action_id, "number": number},
    )


def list_actions(conn: Connection, limit: int) -> list[Recorded]:
    """The newest first."""
    rows = conn.execute(
        cached_text(
            """
            select id, operator, host, login, command, tenant, filter, count, created_at
            from admin_actions order by created_at desc, id desc limit :limit
            """
        ),
        {"limit": limit},
    )
    return [Recorded(*row) for row in rows]
