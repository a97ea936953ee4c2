"""Which worker processes are alive, and what they have in hand: told by each of itself. Nothing is decided by it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text


@dataclass(frozen=True, slots=True)
class InHand:
    """A row of the queue's table that is being worked on. `seconds`: for how long."""

    id: UUID
    seconds: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A process. `id`: made anew with each start. `queue`: which of its pool's it listens to."""

    id: UUID
    host: str
    pid: int
    queue: str


def tell_presence(conn: Connection, worker: Worker, running: Sequence[InHand]) -> None:
    """It is alive now, and works on these."""
    conn.execute(
        cached_text(
            """
            insert into workers as mine (id, host, pid, queue, running)
            values (:id, :host, :pid, :queue, cast(:running as jsonb))
            on conflict (id) do update set running = excluded.running, seen_at = now()
            """
        ),
        {
            "id": worker.id,
            "host": worker.host,
            "pid": worker.pid,
            "queue": worker.queue,
            "running": json.dumps([{"id": str(one.id), "seconds": one.seconds} for one in running]),
        },
    )


def end_presence(conn: Connection, worker: Worker) -> None:
    """It has ended. One that was killed says nothing: it is forgotten after an hour."""
    conn.execute(cached_text("delete from workers where id = :id"), {"id": worker.id})
