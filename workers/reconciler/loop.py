"""The reconciler: a plain loop that makes good whatever was lost. Any number may run, on any machines.

It is a process of its own and never a message, so that no lost message can stop it. Purging has a thread of its own
there: deleting from a bucket that hangs takes a minute, and keeps no rescue and no notification waiting.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from db.locks import bump_version, lock_smelt_of
from db.session import DatabaseUnavailable
from db.work import claims, expired, schedules
from db.work.claims import WorkTable
from db.work.held_work import carry_out
from db.work.holds import list_holds
from db.work.parts import rescue
from db.work.tables import TABLES
from pipeline.content.errors import ContentError
from pipeline.errors import LostLease
from pipeline.logs import configure
from pipeline.metrics import reconciler as metrics
from pipeline.metrics.registry import with_process
from pipeline.metrics.server import CannotListen, serving
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.processes.stop_signal import set_on_stop
from pipeline.settings import Settings
from pipeline.tracing import setup as tracing
from pipeline.tracing import spans
from pipeline.tracing.setup import TracingUnavailable
from workers.notifications.queue_depth import count_claimable
from workers.notifications.queues import Queue
from workers.pools.slots import slots
from workers.readiness import wait_until_ready
from workers.reconciler.figures import EVERY, FiguresReader
from workers.reconciler.health import Health
from workers.reconciler.purge import forget_metadata, purge_expired
from workers.reconciler.summary import Summary
from workers.services import Services

log = logging.getLogger(__name__)

BATCH = 200
CLOSING_SECONDS = 5.0  # that a purge under way gets at the end; what it leaves goes with the orphans
FAILED = 1

Step = Callable[[Services], int]
"""How many things it did."""


def main() -> None:
    """Runs until SIGTERM or SIGINT. An error that nobody foresaw ends the process, which is then started again."""
    settings = Settings.from_env()
    configure("reconciler", settings)
    forbid_core_dumps(log)
    stopping = threading.Event()
    set_on_stop(stopping)
    health = Health(settings.tick_seconds)
    try:
        tracing.configure("reconciler", settings)
    except TracingUnavailable as error:
        log.critical("%s", error)
        sys.exit(os.EX_CONFIG)
    services = Services.open(settings, process="smelt reconciler", connections=3)
    try:
        with serving(
            settings.metrics_host, settings.metrics_port, with_process(), health.alive, health.ready
        ):
            wait_until_ready(services, stopping)
            sound = run(services, stopping, health)
    except CannotListen as error:
        log.critical("%s", error)
        sys.exit(os.EX_CONFIG)
    finally:
        services.close()
    if not sound:
        sys.exit(FAILED)


def run(services: Services, stopping: threading.Event, health: Health) -> bool:
    """All loops, until `stopping` is set. False: an error has ended one beside the first, and so the process has to
    end.
    """
    failed = threading.Event()

    def beside(loop: Callable[[], None]) -> threading.Thread:
        def whole() -> None:
            try:
                loop()
            except BaseException:
                failed.set()
                stopping.set()
                raise

        return threading.Thread(target=whole, daemon=True)

    others = [beside(lambda: _repeat(services, PURGE, stopping, "purge"))]
    if services.settings.metrics_port is not None:
        others.append(beside(lambda: _read_figures(services, stopping)))
    for other in others:
        other.start()
    try:
        _repeat(services, WORK, stopping, "work", health)
    finally:
        stopping.set()
        end = time.monotonic() + CLOSING_SECONDS
        for other in others:
            other.join(max(0.0, end - time.monotonic()))
    return not failed.is_set()


def _repeat(
    services: Services,
    steps: Sequence[Step],
    stopping: threading.Event,
    loop: str,
    health: Health | None = None,
) -> None:
    summary = Summary()
    for table in TABLES:
        metrics.rescues.labels(table.queue)
    for step in steps:
        metrics.steps_done.labels(step.__name__)
        metrics.steps_failed.labels(step.__name__)
    while not stopping.is_set():
        begun = time.monotonic()
        done = tick(services, steps)
        seconds, whole = time.monotonic() - begun, len(done) == len(steps)
        summary.add(done, seconds)
        metrics.note_round(loop, seconds, whole=whole)
        if health is not None:
            health.note_round(whole=whole)
        next_tick = begun + services.settings.tick_seconds  # however long this one took
        stopping.wait(max(0.0, next_tick - time.monotonic()))


def _read_figures(services: Services, stopping: threading.Event) -> None:
    """In a loop of its own: counting a long queue takes time, and keeps no rescue waiting."""
    reader = FiguresReader(services)
    while not stopping.is_set():
        reader.read()
        stopping.wait(EVERY)


def tick(services: Services, steps: Sequence[Step] | None = None) -> dict[str, int]:
    """One round, of all steps unless told; returns how many things each did. One that fails is logged and tried again
    in the next; it keeps no other from running.
    """
    done: dict[str, int] = {}
    for step in STEPS if steps is None else steps:
        try:
            done[step.__name__] = step(services)
            metrics.steps_done.labels(step.__name__).inc(done[step.__name__])
        except (DatabaseUnavailable, ContentError) as error:
            metrics.steps_failed.labels(step.__name__).inc()
            log.warning("%s failed, and is tried again: %s: %s", step.__name__, type(error).__name__, error)
    return done


def rescue_expired(services: Services) -> int:
    """Rows whose worker has been silent past its lease."""
    rescued = 0
    for table in TABLES:
        with services.database.service() as conn:
            expired.shorten_leases(conn, table, services.settings.lease_seconds)
            silent = expired.find_expired(conn, table, BATCH)
        budget = table.retry.max_failures(services.settings.max_attempts)
        for claim in silent:
            try:
                attributes: spans.Attributes = {"smelt.part": str(claim.id), "smelt.attempt": claim.attempt}
                with (
                    spans.work(f"rescue {table.queue}", claim.traceparent, attributes),
                    services.database.service() as conn,
                ):
                    if rescue(conn, table, claim, budget):
                        rescued += 1
                        metrics.rescues.labels(table.queue).inc()
                        log.warning("rescued from a silent worker", extra=_of(table, claim.id, claim.attempt))
            except LostLease:
                log.info("gone before its rescue", extra=_of(table, claim.id, claim.attempt))
    return rescued


def promote_due(services: Services) -> int:
    """Rows that waited for their time."""
    promoted = 0
    for table in TABLES:
        with services.database.service() as conn:
            due = claims.find_due(conn, table, BATCH)
        for row_id in due:
            try:
                with services.database.service() as conn:
                    smelt = lock_smelt_of(conn, table, row_id) if table.of_smelt else None
                    if claims.make_pending(conn, table, row_id):
                        promoted += 1
                        if smelt is not None:
                            bump_version(conn, smelt.id)
            except LostLease:
                log.info("gone before its time", extra=_of(table, row_id))
    return promoted


def obey_holds(services: Services) -> int:
    """Held tenants' rows that became claimable in the very moment, and what a command left half done."""
    with services.database.service() as conn:
        found = list_holds(conn)
    return sum(carry_out(services.database.service, hold) for hold in found)


def ensure_schedules(services: Services) -> int:
    with services.database.service() as conn:
        return schedules.ensure_runs(conn)


def notify_claimable(services: Services) -> int:
    """Tops the notifications up to the pool's slots, where rows are ready and messages were lost."""
    notified = 0
    for queue in Queue:
        ready = count_claimable(services, queue, slots(services.settings, queue))
        if ready:
            waiting = services.notifier.waiting(queue)
            lacking = max(0, ready - (waiting or 0))
            services.notifier.notify(queue.actor, lacking)
            notified += lacking
    return notified


def purge_content(services: Services) -> int:
    return purge_expired(services)


def _of(table: WorkTable, row_id: UUID, attempt: int | None = None) -> dict[str, object]:
    return {"table": table.name, "part": str(row_id), "attempt": attempt}


WORK: tuple[Step, ...] = (rescue_expired, promote_due, obey_holds, ensure_schedules, notify_claimable)
PURGE: tuple[Step, ...] = (purge_content, forget_metadata)
STEPS = (*WORK, *PURGE)
