"""How much of each queue there is, and what holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import WorkTable
from db.work.tables import TABLES


@dataclass(frozen=True, slots=True)
class Outage:
    """`since`: when the first of the parts that wait for its end met it."""

    parts: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class QueueState:
    """`ready`: claimable, of a held queue once it is released. `due_later`: waits for its time, or an outage out.
    `held`: of tenants that are held. `oldest`: when the oldest that is ready was made. `paused_at`: since when the
    queue is held. `outages`: how much waits out which, by what is away.
    """

    queue: str
    ready: int
    running: int
    due_later: int
    held: int
    oldest: datetime | None
    paused_at: datetime | None
    outages: Mapping[str, Outage]


def list_queues(conn: Connection) -> list[QueueState]:
    """All of them. Each number is read along the index of what is unfinished; locks nothing."""
    return [_state(conn, table) for table in TABLES]


def count_running(conn: Connection, table: WorkTable, tenant: str | None = None) -> int:
    """How much of a queue, or of one tenant's in it, is being worked on. Locks nothing."""
    if tenant is None:
        sql = f"select count(*) from {table.name} where status = 'processing'"
        return int(conn.execute(cached_text(sql)).scalar_one())
    sql = f"""
        select count(*) from {table.name} work join smelts on smelts.id = work.smelt_id
        where work.status = 'processing' and smelts.tenant = :tenant
    """
    return int(conn.execute(cached_text(sql), {"tenant": tenant}).scalar_one())


def _state(conn: Connection, table: WorkTable) -> QueueState:
    row = conn.execute(
        cached_text(
            f"""
            select count(*) as ready, min(created_at) as oldest,
                (select count(*) from {table.name} where status = 'processing') as running,
                (select count(*) from {table.name} where status = 'waiting' and run_at is not null) as due_later,
                {_HELD.format(table=table.name) if table.name != "schedule_runs" else "0"} as held,
                (select created_at from holds where queue = :queue) as paused_at
            from {table.name} where status = 'pending'
            """
        ),
        {"queue": table.queue},
    ).one()
    outages = conn.execute(
        cached_text(
            f"""
            select waiting_for::text as what, count(*) as parts, min(outage_since) as since from {table.name}
            where ((status = 'waiting' and run_at is not null) or status = 'processing')
                and waiting_for is not null
            group by waiting_for
            """
        )
    )
    return QueueState(
        table.queue,
        row.ready,
        row.running,
        row.due_later,
        row.held,
        row.oldest,
        row.paused_at,
        {outage.what: Outage(outage.parts, outage.since) for outage in outages},
    )


# By the tenants, of whom few are held: no index has what waits for a hold.
_HELD = """
    (select count(*) from holds join smelts using (tenant) join {table} work on work.smelt_id = smelts.id
        where work.waiting_for = 'hold')
"""
