"""Claim, renew, finish, fail and rescue: one module for every table that holds work (docs/architecture.md, Work).

The claim raises `attempt`, which fences: whoever finishes must still hold the attempt that she claimed. All
times are the database's. Where a row belongs to a smelt, the caller locks that smelt's row first.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from pipeline.errors import LostLease
from pipeline.states import ErrorCode


@dataclass(frozen=True, slots=True)
class WorkTable:
    name: str
    queue: str


FILES = WorkTable("smelt_files", "transcribe")
OUTPUTS = WorkTable("smelt_outputs", "synthesize")
DELIVERIES = WorkTable("webhook_deliveries", "deliver")
RUNS = WorkTable("schedule_runs", "maintenance")
TABLES = (FILES, OUTPUTS, DELIVERIES, RUNS)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours until its lease ends. `failures`: before this attempt. `more`: others are ready too."""

    id: UUID
    attempt: int
    failures: int
    more: bool = False


def claim_next(conn: Connection, table: WorkTable, lease_seconds: float) -> Claim | None:
    """The claimable row with the smallest fair tag, leased. Locks that row; passes over what others lock."""
    row = conn.execute(
        text(
            f"""
            with next as (
                select id from {table.name} where status = 'pending'
                order by fair_key, id limit 1 for update skip locked
            )
            update {table.name} work
            set status = 'processing', attempt = attempt + 1, lease_until = now() + make_interval(secs => :lease),
                started_at = coalesce(started_at, now()), updated_at = now()
            from next where work.id = next.id
            returning work.id, work.attempt, work.failures,
                exists (select from {table.name} other where other.status = 'pending' and other.id <> work.id)
            """
        ),
        {"lease": lease_seconds},
    ).one_or_none()
    return None if row is None else Claim(*row)


def renew(conn: Connection, table: WorkTable, claim: Claim, lease_seconds: float, progress: float) -> bool:
    """Extends the lease and notes progress (0 to 1), which never falls. False: the row is no longer ours."""
    result = conn.execute(
        text(
            f"""
            update {table.name}
            set lease_until = now() + make_interval(secs => :lease), progress = greatest(progress, :progress),
                updated_at = now()
            where id = :id and attempt = :attempt and status = 'processing'
            """
        ),
        {"lease": lease_seconds, "progress": progress, "id": claim.id, "attempt": claim.attempt},
    )
    return result.rowcount == 1


def complete(conn: Connection, table: WorkTable, claim: Claim) -> None:
    """processing → completed. Raises LostLease if the row is no longer ours; then nothing may be recorded."""
    _guarded(conn, table, claim, "status = 'completed', progress = 1, finished_at = now()")


def fail(conn: Connection, table: WorkTable, claim: Claim, code: ErrorCode) -> None:
    """processing → failed, for good. Raises LostLease."""
    changes = "status = 'failed', error_code = :code, failures = failures + 1, finished_at = now()"
    _guarded(conn, table, claim, changes, code=code)


def put_back(conn: Connection, table: WorkTable, claim: Claim, delay_seconds: float, *, counts: bool) -> None:
    """processing → pending, or waiting until it is due. Raises LostLease."""
    failures = "failures = failures + 1" if counts else "failures = failures"
    if delay_seconds > 0:
        due = "run_at = now() + make_interval(secs => :delay)"
        _guarded(conn, table, claim, f"status = 'waiting', {due}, {failures}", delay=delay_seconds)
    else:
        _guarded(conn, table, claim, f"status = 'pending', {_queue_again(table)}, {failures}")


def find_expired(conn: Connection, table: WorkTable, limit: int) -> list[Claim]:
    """Rows whose worker has been silent past its lease. Locks nothing; `lock_expired` looks again."""
    rows = conn.execute(
        text(
            f"""
            select id, attempt, failures from {table.name}
            where status = 'processing' and lease_until < now() order by lease_until limit :limit
            """
        ),
        {"limit": limit},
    )
    return [Claim(*row) for row in rows]


def lock_expired(conn: Connection, table: WorkTable, claim: Claim) -> bool:
    """Whether the row is still in the same attempt and past its lease; locks it if so."""
    row = conn.execute(
        text(
            f"""
            select from {table.name} where id = :id and attempt = :attempt and status = 'processing'
            and lease_until < now() for update
            """
        ),
        {"id": claim.id, "attempt": claim.attempt},
    ).one_or_none()
    return row is not None


def find_due(conn: Connection, table: WorkTable, limit: int) -> list[UUID]:
    """Rows that waited for their `run_at` and are due. Locks nothing."""
    rows = conn.execute(
        text(
            f"""
            select id from {table.name} where status = 'waiting' and run_at <= now() order by run_at limit :limit
            """
        ),
        {"limit": limit},
    )
    return [row.id for row in rows]


def make_pending(conn: Connection, table: WorkTable, row_id: UUID) -> bool:
    """waiting → pending, if it is due still. A row that was never tagged goes to the head of the queue."""
    result = conn.execute(
        text(
            f"""
            update {table.name} set status = 'pending', run_at = null, {_queue_again(table)}, updated_at = now()
            where id = :id and status = 'waiting' and run_at <= now()
            """
        ),
        {"id": row_id},
    )
    return result.rowcount == 1


def count_ready(conn: Connection, table: WorkTable, limit: int) -> int:
    """How many rows are claimable, counted up to `limit`."""
    count = conn.execute(
        text(f"select count(*) from (select from {table.name} where status = 'pending' limit :limit) ready"),
        {"limit": limit},
    ).scalar_one()
    return int(count)


def _queue_again(table: WorkTable) -> str:
    """Work that comes back keeps its tag, but never one behind the queue's present: newcomers start from there."""
    present = f"(select min(fair_key) from {table.name} where status = 'pending')"
    return f"fair_key = greatest(fair_key, {present}, 0)"


def _guarded(conn: Connection, table: WorkTable, claim: Claim, changes: str, **values: object) -> None:
    result = conn.execute(
        text(
            f"""
            update {table.name} set lease_until = null, updated_at = now(), {changes}
            where id = :id and attempt = :attempt and status = 'processing'
            """
        ),
        {"id": claim.id, "attempt": claim.attempt, **values},
    )
    if result.rowcount != 1:
        raise LostLease
