"""Scheduled runs: one row per job and period, so that a run survives a lost message and happens once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db.statement import parsed

RESET = "reset_weekly_credits"
# job → the start of the period that `now()` lies in, by the database's clock (UTC)
PERIODS = {
    RESET: "date_trunc('week', now(), 'utc')",
    "purge_content": "date_trunc('hour', now(), 'utc')",
}


def ensure_runs(conn: Connection) -> int:
    """Makes the runs of the present periods that are missing, claimable at once; returns how many.

    After downtime this catches up with the latest period; the ones before it are contained in its effect.
    """
    made = _make_late_reset(conn)
    for job, period in PERIODS.items():
        result = conn.execute(
            parsed(
                f"""
                insert into schedule_runs (id, job, period, status, fair_key) values (:id, :job, {period}, 'pending', 0)
                on conflict (job, period) do nothing
                """
            ),
            {"id": uuid7(), "job": job},
        )
        made += result.rowcount
    return made


def _make_late_reset(conn: Connection) -> int:
    """A reset of its own, stamped with the minute, for profiles that became due after this week's had run.

    Such as one whose first sign-in was under way at midnight, or one from a restored backup: they would be without
    credits for a week.
    """
    result = conn.execute(
        parsed(
            """
            insert into schedule_runs (id, job, period, status, fair_key)
            select :id, :job, date_trunc('minute', now(), 'utc'), 'pending', 0
            where exists (select from user_profiles where credits_reset_at <= now())
                and exists (
                    select from schedule_runs where job = :job and period = date_trunc('week', now(), 'utc')
                )
                and not exists (
                    select from schedule_runs
                    where job = :job and status in ('waiting', 'pending', 'processing')
                )
            on conflict (job, period) do nothing
            """
        ),
        {"id": uuid7(), "job": RESET},
    )
    return result.rowcount


def get_job(conn: Connection, run_id: UUID) -> tuple[str, datetime]:
    row = conn.execute(parsed("select job, period from schedule_runs where id = :id"), {"id": run_id}).one()
    return row.job, row.period
