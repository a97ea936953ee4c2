"""Claim, finish, fail and rescue: one module for every table that holds work (docs/design/work.md).

Leases are renewed by `db/work/leases.py`, and what comes of one that ran out is in `db/work/expired.py`.

The claim raises `attempt`, which fences: a worker that finishes must still hold the attempt that it claimed. All
times are the database's. Where a row belongs to a smelt, the caller locks that smelt's row first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.one_exchange import AnyConnection
from db.statement import cached_text
from pipeline.errors import LostLease
from pipeline.retry import WORK_RETRY, RetryPolicy, TryAgain
from pipeline.states import ErrorCode, WaitingFor

OUTAGE_SINCE = "coalesce(outage_since, now())"


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours until its lease ends. `failures`: before this attempt. `more`: others are ready too.

    `leased_until`: as it was claimed; renewing doesn't change it here. `alone`: whether it shares its worker with no
    other, so that the worker's death is its own. `waited`: seconds for which it was ready. `outage`: seconds since it
    met the outage that it waits out; 0 where none. `traceparent`: the trace that it was made in, in W3C's form. `job`:
    what its worker has to know, where that came along.
    """

    id: UUID
    attempt: int
    failures: int
    more: bool = False
    leased_until: datetime | None = None
    alone: bool = True
    waited: float = 0.0
    outage: float = 0.0
    traceparent: str | None = None
    job: object | None = None


@dataclass(frozen=True, slots=True)
class WorkTable:
    """`queue`: the fair queue of its rows, and the pool of those who claim them. `short`: what costs no more (estimated
    seconds) may be claimed by those that are kept for short work. `of_smelt`: whether its rows are parts of a smelt.
    `shares`: whether several of its rows may be in one process that dies of one; else each death is the row's own.
    `fail`: fails a row together with what depends on it, as `fail` below does where nothing depends on it; it is told
    what more is known than the code says, if anything. `claim`: claims as `claim_next` does, (lease in seconds, only
    short), in one statement that brings the job along.
    """

    name: str
    queue: str
    short: float | None = None
    retry: RetryPolicy = WORK_RETRY
    of_smelt: bool = False
    shares: bool = False
    fail: Callable[[Connection, Claim, ErrorCode, str | None], None] | None = None
    claim: Callable[[AnyConnection, float, bool], Claim | None] | None = None


def claim_next(
    conn: Connection, table: WorkTable, lease_seconds: float, *, only_short: bool = False, alone: bool = True
) -> Claim | None:
    """The claimable row with the smallest virtual finish time, leased. Locks that row; passes over what others lock.

    `only_short`: of those alone that are short, as far as is known; so is `more` then. Whether there are more is asked
    in the index's order: Postgres would else read the table from its beginning, where the oldest have long ended.
    `alone`: the worker has one row at a time. A row that is to be alone stays so.
    """
    ready = _ready(table, only_short=only_short)
    row = conn.execute(
        cached_text(
            f"""
            with next as (
                select id, updated_at as ready_at from {table.name} where {ready} and {is_open(table)}
                order by fair_key, id limit 1 for update skip locked
            )
            update {table.name} work
            set status = 'processing', attempt = attempt + 1, lease_until = now() + make_interval(secs => :lease),
                started_at = coalesce(started_at, now()), waiting_for = null, updated_at = now()
                {", alone = alone or :alone" if table.shares else ""}
            from next where work.id = next.id
            returning work.id, work.attempt, work.failures,
                coalesce((
                    select true from {table.name} other where {ready} and other.id <> work.id
                    order by fair_key, id limit 1
                ), false), work.lease_until, {is_alone(table)},
                greatest(0, extract(epoch from now() - next.ready_at))::float8,
                coalesce(extract(epoch from now() - work.outage_since), 0)::float8, work.traceparent
            """
        ),
        {"lease": lease_seconds} | ({"alone": alone} if table.shares else {}),
    ).one_or_none()
    return None if row is None else Claim(*row)


def claim_committed(conn: Connection, table: WorkTable, claim: Claim) -> bool:
    """Whether a claim whose commit had no reply was committed after all. Another's claim of the same row may have the
    same attempt, but not the same lease to the microsecond.
    """
    row = conn.execute(
        cached_text(
            f"""
            select from {table.name}
            where id = :id and attempt = :attempt and status = 'processing' and lease_until = :leased_until
            """
        ),
        {"id": claim.id, "attempt": claim.attempt, "leased_until": claim.leased_until},
    ).one_or_none()
    return row is not None


def complete(conn: Connection, table: WorkTable, claim: Claim) -> None:
    """processing → completed. Raises LostLease if the claim was lost; then nothing may be recorded."""
    _guarded(conn, table, claim, "status = 'completed', progress = 1, finished_at = now()")


def fail(conn: Connection, table: WorkTable, claim: Claim, code: ErrorCode) -> None:
    """processing → failed, for good. Raises LostLease."""
    changes = "status = 'failed', error_code = :code, failures = failures + 1, finished_at = now()"
    _guarded(conn, table, claim, changes, code=code)


def put_back(conn: Connection, table: WorkTable, claim: Claim, again: TryAgain) -> None:
    """processing → pending, or waiting until it is due, with what it waits for. Raises LostLease.

    Since when it waits for that is noted with the first time; whatever had an answer begins anew.
    """
    failures = f"failures = failures + {int(again.counts)}" + (", alone = true" if again.alone else "")
    if again.delay > 0:
        due = f"status = 'waiting', run_at = now() + make_interval(secs => :delay), {failures}"
        later = "fair_key = fair_key + :held"  # else parts that hang on what is away would be first again and again
        since = f"outage_since = {'null' if again.waiting_for is None else OUTAGE_SINCE}"
        changes = f"{due}, {later}, {since}"
        _guarded(conn, table, claim, changes, again.waiting_for, delay=again.delay, held=again.held)
    else:
        _guarded(conn, table, claim, f"status = 'pending', {_queue_again(table)}, {failures}")


def find_due(conn: Connection, table: WorkTable, limit: int) -> list[UUID]:
    """Rows that waited for their `run_at` and are due. Locks nothing."""
    due = "status = 'waiting' and run_at <= now() order by run_at, id"
    sql = f"select id from {table.name} where {due} limit :limit"
    return [row.id for row in conn.execute(cached_text(sql), {"limit": limit})]


def make_pending(conn: Connection, table: WorkTable, row_id: UUID) -> bool:
    """waiting → pending, if it is due still. A row that never had a finish time goes to the head of the queue."""
    result = conn.execute(
        cached_text(
            f"""
            update {table.name} set status = 'pending', run_at = null, {_queue_again(table)}, updated_at = now()
            where id = :id and status = 'waiting' and run_at <= now()
            """
        ),
        {"id": row_id},
    )
    return result.rowcount == 1


def count_claimable(conn: Connection, table: WorkTable, limit: int, *, only_short: bool = False) -> int:
    """How many rows are claimable, counted up to `limit`."""
    ready = f"{_ready(table, only_short=only_short)} and {is_open(table)}"
    sql = f"""
        select count(*) from (select from {table.name} where {ready} order by fair_key, id limit :limit) ready
    """
    return int(conn.execute(cached_text(sql), {"limit": limit}).scalar_one())


def _ready(table: WorkTable, *, only_short: bool) -> str:
    """In the very words of the partial indexes' conditions, so that the one that fits is walked."""
    return f"status = 'pending' and cost <= {table.short:g}" if only_short else "status = 'pending'"


def is_open(table: WorkTable) -> str:
    """Whether the operator lets the queue be claimed from: asked once, before the first row. What is held of a tenant
    isn't pending.
    """
    return f"not exists (select from holds where queue = '{table.queue}')"


def is_alone(table: WorkTable) -> str:
    """As SQL, of a row of the table."""
    return "alone" if table.shares else "true"


def _queue_again(table: WorkTable) -> str:
    """Work that comes back keeps its finish time, but never one behind the queue's present: newcomers start
    from there.
    """
    present = f"(select min(fair_key) from {table.name} where status = 'pending')"
    return f"fair_key = greatest(fair_key, {present}, 0)"


def _guarded(
    conn: Connection,
    table: WorkTable,
    claim: Claim,
    changes: str,
    what: WaitingFor | None = None,
    **values: object,
) -> None:
    sql = f"""
        update {table.name} set lease_until = null, updated_at = now(), {changes}, waiting_for = :what
        where id = :id and attempt = :attempt and status = 'processing'
    """
    values |= {"id": claim.id, "attempt": claim.attempt, "what": what}
    if conn.execute(cached_text(sql), values).rowcount != 1:
        raise LostLease
