"""Scheduled runs: one row per job and period, so that a run survives a lost message and happens once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

# job → the start of the period that `now()` lies in, by the database's clock (UTC)
PERIODS = {
    "reset_weekly_credits": "date_trunc('week', now(), 'utc')",
    "purge_content": "date_trunc('hour', now(), 'utc')",
}


def ensure_runs(conn: Connection) -> int:
    """Makes the runs of the present periods that are missing, claimable at once; returns how many.

    After downtime this catches up with the latest period; the ones before it are contained in its effect.
    """
    made = 0
    for job, period in PERIODS.items():
        result = conn.execute(
            text(
                f"""
                insert into schedule_runs (id, job, period, status, fair_key) values (:id, :job, {period}, 'pending', 0)
                on conflict (job, period) do nothing
                """
            ),
            {"id": uuid7(), "job": job},
        )
        made += result.rowcount
    return made


def get_job(conn: Connection, run_id: UUID) -> tuple[str, datetime]:
    row = conn.execute(text("select job, period from schedule_runs where id = :id"), {"id": run_id}).one()
    return row.job, row.period
