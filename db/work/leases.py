"""Renewing the leases of claimed rows. All times are the database's."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import Claim, WorkTable

FRESH = 0.8  # of a lease that is left: a renewal is a write, and an index entry


def renew(conn: Connection, table: WorkTable, claim: Claim, lease_seconds: float, progress: float) -> bool:
    """Extends the lease and notes progress (0 to 1), which never falls. False: the claim was lost."""
    result = conn.execute(
        cached_text(
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


def renew_all(
    conn: Connection, table: WorkTable, claims: Sequence[Claim], lease_seconds: float
) -> tuple[set[UUID], set[UUID]]:
    """Extends the leases of these claims that have run for a fifth. Returns the ids of those that are still theirs,
    and of those renewed.

    One that is longer than anybody takes is renewed too: the database's clock was set back. Locks the rows that it
    renews and waits for none: one that another transaction has locked is left for the next time.
    """
    rows = conn.execute(
        cached_text(
            f"""
            with claims as (
                select * from unnest(cast(:ids as uuid[]), cast(:attempts as int[])) as claim (id, attempt)
            ),
            held as (
                select work.id from {table.name} work join claims using (id, attempt)
                where status = 'processing' and lease_until not between
                    now() + make_interval(secs => {FRESH:g} * :lease) and now() + make_interval(secs => :lease)
                for update of work skip locked
            ),
            renewed as (
                update {table.name} work
                set lease_until = now() + make_interval(secs => :lease), updated_at = now()
                from held where work.id = held.id
                returning work.id
            )
            select work.id, renewed.id is not null as renewed
            from {table.name} work join claims using (id, attempt) left join renewed on renewed.id = work.id
            where status = 'processing'
            """
        ),
        {
            "ids": [claim.id for claim in claims],
            "attempts": [claim.attempt for claim in claims],
            "lease": lease_seconds,
        },
    ).all()
    return {row.id for row in rows}, {row.id for row in rows if row.renewed}
