"""The scheduled jobs: the work of the `maintenance` queue."""

import logging

from db.accounts.profiles import reset_credits
from db.work.claims import complete
from db.work.cleanup import forget_old
from db.work.schedules import RUNS, get_job
from workers.actors.key_checks import check_keys
from workers.reconciler.purge import purge_orphans
from workers.runner.task import Task

log = logging.getLogger(__name__)

RESET_BATCH = 5_000


def maintain(task: Task) -> None:
    """Runs whichever job was claimed."""
    job, period = task.services.record(lambda conn: get_job(conn, task.claim.id))
    done = _JOBS[job](task)
    task.services.record(lambda conn: complete(conn, RUNS, task.claim))
    log.info("scheduled job done", extra={"job": job, "period": period.isoformat(), "count": done})


def _reset_weekly_credits(task: Task) -> int:
    """In batches of short transactions, so that admissions never wait for long."""
    total = 0
    while True:
        filled = task.services.record(lambda conn: reset_credits(conn, RESET_BATCH))
        if filled == 0:
            return total
        total += filled
        task.lease.tick(0.0)


def _purge_content(task: Task) -> int:
    services = task.services
    return purge_orphans(services, on_tick=lambda: task.lease.tick(0.0)) + services.record(forget_old)


_JOBS = {
    "reset_weekly_credits": _reset_weekly_credits,
    "purge_content": _purge_content,
    "check_api_keys": check_keys,
}
