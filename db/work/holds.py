"""What operators hold: a queue, from which nothing is claimed, or a tenant, of whom nothing is (docs/design/admin.md).

A held queue is looked for by each claim. A held tenant's rows aren't claimable at all: they wait, for `hold`. A trigger
sees to what becomes claimable meanwhile, and `db/work/held_work.py` to what was. What is running goes on.

Locks: smelts, deliveries and rows of the fair queue come before the hold; whoever makes a row wait for it shares it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import WorkTable
from db.work.fair_queue import lock_tenant
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from db.work.webhooks import DELIVERIES

OF_TENANTS = (FILES, OUTPUTS, DELIVERIES)  # in the order of their locks


@dataclass(frozen=True, slots=True)
class Hold:
    """One of `queue` and `tenant` is None. `moves`: by queue, what its rows move by in virtual time now that they go
    back; None: it holds.
    """

    queue: str | None
    tenant: str | None
    moves: Mapping[str, float] | None
    created_at: datetime


def list_holds(conn: Connection) -> list[Hold]:
    """The oldest first."""
    rows = conn.execute(
        cached_text("select queue, tenant, moves, created_at from holds order by created_at, queue, tenant")
    )
    return [Hold(*row) for row in rows]


def hold_queue(conn: Connection, queue: str) -> bool:
    """False: it is held already."""
    sql = "insert into holds (queue) values (:queue) on conflict do nothing"
    return conn.execute(cached_text(sql), {"queue": queue}).rowcount == 1


def release_queue(conn: Connection, queue: str) -> bool:
    """False: it isn't held."""
    return conn.execute(cached_text("delete from holds where queue = :queue"), {"queue": queue}).rowcount == 1


def hold_tenant(conn: Connection, tenant: str) -> bool:
    """From the commit on nothing of the tenant's becomes claimable. False: it is held already."""
    result = conn.execute(
        cached_text(
            """
            insert into holds as mine (tenant) values (:tenant)
            on conflict (queue, tenant) do update set moves = null, created_at = now() where mine.moves is not null
            """
        ),
        {"tenant": tenant},
    )
    return result.rowcount == 1


def release_tenant(conn: Connection, tenant: str) -> bool:
    """From the commit on what becomes claimable is. False: it isn't held.

    What was held keeps its order, and its first is never before those who wait already. Locks the tenant's rows of the
    fair queue, then the hold.
    """
    moves = {table.queue: _come_up(conn, table, tenant) for table in OF_TENANTS}
    result = conn.execute(
        cached_text(
            "update holds set moves = cast(:moves as jsonb) where tenant = :tenant and moves is null"
        ),
        {"tenant": tenant, "moves": json.dumps(moves)},
    )
    return result.rowcount == 1


def _come_up(conn: Connection, table: WorkTable, tenant: str) -> float:
    """By how much the tenant's held rows come up to the queue's present; what follows them is moved by as much."""
    _, virtual_time = lock_tenant(conn, table, tenant)
    first = conn.execute(
        cached_text(f"select min(fair_key) from {table.name} where {_HELD[table]}"), values_of(tenant)
    ).scalar_one()
    move = 0.0 if first is None else max(0.0, virtual_time - first)
    conn.execute(
        cached_text(
            "update fair_tenants set last_tag = last_tag + :move where queue = :queue and tenant = :tenant"
        ),
        {"move": move, "queue": table.queue, "tenant": tenant},
    )
    return move


def forget_released(conn: Connection, tenant: str) -> None:
    """Once nothing of it is held any more."""
    conn.execute(
        cached_text("delete from holds where tenant = :tenant and moves is not null"), {"tenant": tenant}
    )


def share_hold(conn: Connection, tenant: str) -> bool:
    """Whether the tenant is held, and stays so until the transaction ends."""
    sql = "select from holds where tenant = :tenant and moves is null for share"
    return conn.execute(cached_text(sql), {"tenant": tenant}).one_or_none() is not None


def values_of(tenant: str) -> dict[str, object]:
    """To be bound: webhooks are found by their user; a visitor has none."""
    kind, _, user_id = tenant.partition(":")
    return {"tenant": tenant, "user_id": UUID(user_id) if kind == "user" else None}


_HELD_PARTS = """
    waiting_for = 'hold' and smelt_id in (
        select id from smelts where tenant = :tenant and status not in ('completed', 'failed', 'canceled')
    )
"""
_HELD = {
    FILES: _HELD_PARTS,
    OUTPUTS: _HELD_PARTS,
    DELIVERIES: "waiting_for = 'hold' and user_id = cast(:user_id as uuid)",
}
