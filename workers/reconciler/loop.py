"""The reconciler: a plain loop that makes good whatever was lost. Any number may run, on any machines.

It is a process of its own and never a message, so that no lost message can stop it. Purging has a thread of its own
there: deleting from a bucket that hangs takes a minute, and keeps no rescue and no notification waiting.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence

from db.locks import bump_version, lock_smelt_of
from db.session import DatabaseUnavailable
from db.work import claims, schedules
from db.work.parts import rescue
from db.work.tables import TABLES
from pipeline.content.errors import ContentError
from pipeline.errors import LostLease
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.processes.stop_signal import set_on_stop
from pipeline.settings import Settings
from workers.notifications.queue_depth import count_claimable
from workers.notifications.queue_notifications import Queue
from workers.pools.slots import slots
from workers.readiness import wait_until_ready
from workers.reconciler.purge import purge_expired
from workers.services import Services

log = logging.getLogger(__name__)

BATCH = 200
CLOSING_SECONDS = 5.0  # that a purge under way gets at the end; what it leaves goes with the orphans
FAILED = 1

Step = Callable[[Services], None]


def main() -> None:
    """Runs until SIGTERM or SIGINT. An error that nobody foresaw ends the process, which is then started again."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    forbid_core_dumps(log)
    stopping = threading.Event()
    set_on_stop(stopping)
    services = Services.open(Settings.from_env(), process="smelt reconciler", connections=2)
    try:
        wait_until_ready(services, stopping)
        sound = run(services, stopping)
    finally:
        services.close()
    if not sound:
        sys.exit(FAILED)


def run(services: Services, stopping: threading.Event) -> bool:
    """Both loops, until `stopping` is set. False: an error has ended the purging, and so the process has to end."""
    failed = threading.Event()

    def purge() -> None:
        try:
            _repeat(services, PURGE, stopping)
        except BaseException:
            failed.set()
            stopping.set()
            raise

    purging = threading.Thread(target=purge, name="purge", daemon=True)
    purging.start()
    try:
        _repeat(services, WORK, stopping)
    finally:
        stopping.set()
        purging.join(CLOSING_SECONDS)
    return not failed.is_set()


def _repeat(services: Services, steps: Sequence[Step], stopping: threading.Event) -> None:
    while not stopping.is_set():
        next_tick = time.monotonic() + services.settings.tick_seconds  # however long this one takes
        tick(services, steps)
        stopping.wait(max(0.0, next_tick - time.monotonic()))


def tick(services: Services, steps: Sequence[Step] | None = None) -> None:
    """One round, of all steps unless told. One that fails is logged and tried again in the next; it keeps no other
    from running.
    """
    for step in STEPS if steps is None else steps:
        try:
            step(services)
        except (DatabaseUnavailable, ContentError) as error:
            log.warning("%s: %s: %s", step.__name__, type(error).__name__, error)


def rescue_expired(services: Services) -> None:
    """Rows whose worker has been silent past its lease."""
    for table in TABLES:
        with services.database.service() as conn:
            claims.shorten_leases(conn, table, services.settings.lease_seconds)
            expired = claims.find_expired(conn, table, BATCH)
        budget = table.retry.max_failures(services.settings.max_attempts)
        for claim in expired:
            try:
                with services.database.service() as conn:
                    if rescue(conn, table, claim, budget):
                        log.warning("%s %s: rescued from attempt %d", table.name, claim.id, claim.attempt)
            except LostLease:
                log.info("%s %s: gone", table.name, claim.id)


def promote_due(services: Services) -> None:
    """Rows that waited for their time."""
    for table in TABLES:
        with services.database.service() as conn:
            due = claims.find_due(conn, table, BATCH)
        for row_id in due:
            try:
                with services.database.service() as conn:
                    smelt = lock_smelt_of(conn, table, row_id) if table.of_smelt else None
                    if claims.make_pending(conn, table, row_id) and smelt is not None:
                        bump_version(conn, smelt.id)
            except LostLease:
                log.info("%s %s: gone", table.name, row_id)


def ensure_schedules(services: Services) -> None:
    with services.database.service() as conn:
        schedules.ensure_runs(conn)


def notify_claimable(services: Services) -> None:
    """Tops the notifications up to the pool's slots, where rows are ready and messages were lost."""
    for queue in Queue:
        ready = count_claimable(services, queue, slots(services.settings, queue))
        if ready:
            waiting = services.notifier.waiting(queue)
            services.notifier.notify(queue.actor, ready - (waiting or 0))


def purge_content(services: Services) -> None:
    purge_expired(services)


WORK: tuple[Step, ...] = (rescue_expired, promote_due, ensure_schedules, notify_claimable)
PURGE: tuple[Step, ...] = (purge_content,)
STEPS = (*WORK, *PURGE)
