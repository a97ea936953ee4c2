"""Which workers are alive and what they run, and every lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.tables import TABLES

ALIVE_SECONDS = 15  # of silence, within which a worker counts as alive


@dataclass(frozen=True, slots=True)
class Running:
    """`since`: when the worker took it up."""

    id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """`alive`: it told of itself lately."""

    id: UUID
    host: str
    pid: int
    queue: str
    started_at: datetime
    seen_at: datetime
    alive: bool
    running: Sequence[Running]


@dataclass(frozen=True, slots=True)
class HeldLease:
    """`seconds_left`: negative where it has run out. `worker`: host and process of whom it is, if that told of it."""

    queue: str
    id: UUID
    smelt_id: UUID | None
    attempt: int
    progress: float
    seconds_left: float
    worker: str | None


def list_workers(conn: Connection) -> list[SeenWorker]:
    """By queue, host and process; the silent ones of the last hour too."""
    rows = conn.execute(
        cached_text(
            f"""
            select id, host, pid, queue, started_at, seen_at,
                seen_at > now() - make_interval(secs => {ALIVE_SECONDS}) as alive,
                array(select (one ->> 'id')::uuid from jsonb_array_elements(running) one) as ids,
                array(select seen_at - make_interval(secs => (one ->> 'seconds')::float8)
                    from jsonb_array_elements(running) one) as since
            from workers order by queue, host, pid, started_at
            """
        )
    )
    return [
        SeenWorker(
            row.id,
            row.host,
            row.pid,
            row.queue,
            row.started_at,
            row.seen_at,
            row.alive,
            tuple(Running(*one) for one in zip(row.ids, row.since, strict=True)),
        )
        for row in rows
    ]


def list_leases(conn: Connection) -> list[HeldLease]:
    """Of all queues, what runs out first."""
    found = [
        HeldLease(table.queue, *row)
        for table in TABLES
        for row in conn.execute(
            cached_text(
                f"""
                select work.id, {"null" if table.queue == "maintenance" else "smelt_id"}, attempt, progress,
                    extract(epoch from lease_until - now())::float8,
                    (select host || ' ' || pid from workers
                        where running @> jsonb_build_array(jsonb_build_object('id', work.id))
                        order by seen_at desc limit 1)
                from {table.name} work where status = 'processing'
                """
            )
        )
    ]
    return sorted(found, key=lambda lease: lease.seconds_left)
