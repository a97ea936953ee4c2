"""Pieces of work, chosen by what is known of them: listed, counted, or the smelts that they are parts of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import WorkTable
from db.work.tables import BY_QUEUE
from pipeline.shown_state import ShownState
from pipeline.states import ErrorCode

UNFINISHED = (ShownState.WAITING, ShownState.HELD, ShownState.PENDING, ShownState.PROCESSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFilter:
    """Of one queue. `states`: any of them; none: whatever they are. `after` and `before`: when it was made."""

    queue: str
    states: Sequence[ShownState] = ()
    tenant: str | None = None
    code: ErrorCode | None = None
    after: datetime | None = None
    before: datetime | None = None

    @property
    def table(self) -> WorkTable:
        return BY_QUEUE[self.queue]

    def as_record(self) -> dict[str, object]:
        """As an act is recorded: without the tenant, which has a column of its own."""
        chosen = {name: value for name, value in asdict(self).items() if value and name != "tenant"}
        return chosen | ({"states": [str(state) for state in self.states]} if self.states else {})


@dataclass(frozen=True, slots=True)
class Listed:
    """`id`: of the piece of work. `job`: of a scheduled run, which has no smelt. `run_at`: when it is due again."""

    id: UUID
    smelt_id: UUID | None
    job: str | None
    tenant: str | None
    status: str
    waiting_for: str | None
    error_code: str | None
    attempt: int
    failures: int
    progress: float
    created_at: datetime
    run_at: datetime | None
    finished_at: datetime | None


def list_work(conn: Connection, wanted: WorkFilter, limit: int) -> list[Listed]:
    """The newest first."""
    of_smelt = wanted.table.queue != "maintenance"
    conditions, values = _chosen(wanted)
    rows = conn.execute(
        cached_text(
            f"""
            select work.id, {"smelts.id, null, smelts.tenant" if of_smelt else "null, work.job, null"}, work.status,
                work.waiting_for, work.error_code, work.attempt, work.failures, work.progress, work.created_at,
                work.run_at, work.finished_at
            {conditions} order by work.created_at desc, work.id desc limit :limit
            """
        ),
        {**values, "limit": limit},
    )
    return [Listed(*row) for row in rows]


def find_smelts(conn: Connection, wanted: WorkFilter) -> list[UUID]:
    """The smelts with such parts, the oldest first."""
    conditions, values = _chosen(wanted)
    rows = conn.execute(
        cached_text(f"select smelts.id {conditions} group by smelts.id order by smelts.id"), values
    )
    return list(rows.scalars())


def find_deliveries(conn: Connection, wanted: WorkFilter) -> list[tuple[UUID, UUID]]:
    """(user's id, id) of such webhooks, the oldest first."""
    conditions, values = _chosen(wanted)
    rows = conn.execute(cached_text(f"select work.user_id, work.id {conditions} order by work.id"), values)
    return [(row.user_id, row.id) for row in rows]


def _chosen(wanted: WorkFilter) -> tuple[str, dict[str, object]]:
    """From where, as SQL, and what is bound to it."""
    table = wanted.table
    source = f"from {table.name} work"
    if table.queue != "maintenance":
        source += " join smelts on smelts.id = work.smelt_id"
    wheres = ["work.input_type = 'audio'" if table.queue == "transcribe" else "true"]  # texts are in no queue
    values: dict[str, object] = {}
    if wanted.states:
        wheres.append(f"({' or '.join(_STATES[state] for state in wanted.states)})")
    if wanted.tenant is not None:
        wheres.append("smelts.tenant = :tenant" if table.queue != "maintenance" else "false")
        values["tenant"] = wanted.tenant
    if wanted.code is not None:
        wheres.append("work.error_code = cast(:code as error_code)")
        values["code"] = wanted.code.value
    if wanted.after is not None:
        wheres.append("work.created_at > :after")
        values["after"] = wanted.after
    if wanted.before is not None:
        wheres.append("work.created_at < :before")
        values["before"] = wanted.before
    return f"{source} where {' and '.join(wheres)}", values


_IS_HELD = "work.waiting_for is not distinct from 'hold'"
_STATES = {state: f"work.status = '{state}'" for state in ShownState} | {
    ShownState.WAITING: f"(work.status = 'waiting' and not ({_IS_HELD}))",
    ShownState.HELD: f"(work.status = 'waiting' and {_IS_HELD})",
}
