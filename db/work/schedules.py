"""Scheduled runs: one row per job and period, so that a run survives a lost message and happens once."""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db import changes
from db.statement import cached_text
from db.work.claims import WorkTable
from pipeline.metrics.accounting import work_added

RUNS = WorkTable("schedule_runs", "maintenance")
RESET = "reset_weekly_credits"
KEY_CHECK = "check_api_keys"  # in no fixed period: while there is anything to check
# job → the start of the period that `now()` lies in, by the database's clock (UTC)
PERIODS = {
    RESET: "date_trunc('week', now(), 'utc')",
    "purge_content": "date_trunc('hour', now(), 'utc')",
}


def ensure_runs(conn: Connection) -> int:
    """Makes the runs of the present periods that are missing, claimable at once; returns how many.

    After downtime this catches up with the latest period; the ones before it are contained in its effect.
    """
    made = _make_late_reset(conn) + _make_key_check(conn)
    for job, period in PERIODS.items():
        result = conn.execute(
            cached_text(
                f"""
                insert into schedule_runs (id, job, period, status, fair_key) values (:id, :job, {period}, 'pending', 0)
                on conflict (job, period) do nothing
                """
            ),
            {"id": uuid7(), "job": job},
        )
        made += result.rowcount
    changes.count(conn, partial(work_added.labels(RUNS.queue).inc, made))
    return made


def _make_late_reset(conn: Connection) -> int:
    """A reset of its own for profiles that became due after this week's had run.

    Such as one whose first sign-in was under way at midnight, or one from a restored backup: they would be without
    credits for a week.
    """
    return _make_run_of_the_minute(
        conn,
        RESET,
        f"""
        exists (select from user_profiles where credits_reset_at <= now())
        and exists (select from schedule_runs where job = :job and period = {PERIODS[RESET]})
        """,
    )


def _make_key_check(conn: Connection) -> int:
    """While there are API keys about which the provider is to be asked again."""
    return _make_run_of_the_minute(
        conn, KEY_CHECK, "exists (select from user_api_keys where check_at <= now())"
    )


def _make_run_of_the_minute(conn: Connection, job: str, due: str) -> int:
    """A run stamped with the minute, where the SQL `due` holds and no run of the job is unfinished."""
    result = conn.execute(
        cached_text(
            f"""
            insert into schedule_runs (id, job, period, status, fair_key)
            select :id, :job, date_trunc('minute', now(), 'utc'), 'pending', 0
            where {due}
                and not exists (
                    select from schedule_runs
                    where job = :job and status in ('waiting', 'pending', 'processing')
                )
            on conflict (job, period) do nothing
            """
        ),
        {"id": uuid7(), "job": job},
    )
    return result.rowcount


def get_job(conn: Connection, run_id: UUID) -> tuple[str, datetime]:
    row = conn.execute(
        cached_text("select job, period from schedule_runs where id = :id"), {"id": run_id}
    ).one()
    return row.job, row.period
