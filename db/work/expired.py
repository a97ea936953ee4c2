"""Leases that ran out, or that the database's clock has put too far ahead. All times are the database's."""

from sqlalchemy import Connection

from db.statement import cached_text
from db.work.claims import Claim, WorkTable, is_alone

MOMENT = 5  # seconds after Postgres's start in which workers renew what ran out while it was down


def shorten_leases(conn: Connection, table: WorkTable, lease_seconds: float) -> int:
    """Leases further ahead than anybody takes them end in `lease_seconds` from now; returns how many.

    The database's clock was set back since: they would outlive their worker by as much. A living worker
    renews its lease within seconds. Locks those rows; passes over what others lock.
    """
    result = conn.execute(
        cached_text(
            f"""
            with ahead as (
                select id from {table.name}
                where status = 'processing' and lease_until > now() + make_interval(secs => 2 * :lease)
                for update skip locked
            )
            update {table.name} work set lease_until = now() + make_interval(secs => :lease)
            from ahead where work.id = ahead.id
            """
        ),
        {"lease": lease_seconds},
    )
    return result.rowcount


def find_expired(conn: Connection, table: WorkTable, limit: int) -> list[Claim]:
    """Rows whose worker has been silent past its lease. Locks nothing; `lock_expired` looks again.

    Not those that nobody could renew because Postgres was down: their workers get a moment.
    """
    rows = conn.execute(
        cached_text(
            f"""
            select id, attempt, failures, {is_alone(table)} as alone, traceparent from {table.name}
            where status = 'processing' and lease_until < now() and (
                updated_at > pg_postmaster_start_time()
                or now() > pg_postmaster_start_time() + make_interval(secs => {MOMENT})
            )
            order by lease_until, id limit :limit
            """
        ),
        {"limit": limit},
    )
    return [
        Claim(row.id, row.attempt, row.failures, alone=row.alone, traceparent=row.traceparent) for row in rows
    ]


def lock_expired(conn: Connection, table: WorkTable, claim: Claim) -> bool:
    """Whether the row is still in the same attempt and past its lease; locks it if so."""
    row = conn.execute(
        cached_text(
            f"""
            select from {table.name} where id = :id and attempt = :attempt and status = 'processing'
            and lease_until < now() for update
            """
        ),
        {"id": claim.id, "attempt": claim.attempt},
    ).one_or_none()
    return row is not None
