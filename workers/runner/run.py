"""Runs one piece of work: claim, notify for the next, perform, record. The actors differ only in `perform`.

No connection is held while the work is performed. What goes wrong is translated here, once: a WorkError to what
`pipeline/retry.py` decides, anything unforeseen to `internal_error`, a lost lease to silence.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from db.session import DatabaseUnavailable
from db.work.claims import Claim, WorkTable, claim_committed, claim_next
from db.work.parts import record_failure
from db.work.tables import BY_QUEUE
from pipeline.errors import GiveBack, LostLease, WorkError
from pipeline.logs import bound
from pipeline.retry import Decision, GiveUp, TryAgain
from pipeline.states import ErrorCode
from workers.notifications.queue_notifications import ActorName
from workers.runner.lease import Lease
from workers.services import Services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """A claimed row in the hands of a worker."""

    services: Services
    table: WorkTable
    claim: Claim
    lease: Lease


def run_next(
    services: Services,
    actor: ActorName,
    perform: Callable[[Task], None],
    stopping: threading.Event,
    *,
    alone: bool = True,
) -> bool:
    """Claims and runs one of the rows that `actor` may run. False: there was none, or Postgres is away, or this
    process is stopping.

    A notification for short work claims nothing else: the others' notifications are in a queue of their own, and stay
    there. `alone`: whether this process has one such row at a time, or may die of each without the others.
    """
    if stopping.is_set():
        return False
    table = BY_QUEUE[actor.route.pool]
    claim = _claim(services, table, only_short=actor.route.only_short, alone=alone)
    if claim is None:
        return False
    if claim.more:
        services.notifier.notify(actor)
    settings = services.settings
    lease = Lease(
        services.database,
        table,
        claim,
        seconds=settings.lease_seconds,
        stopping=stopping,
        grace=settings.worker_grace,
    )
    of_it = {"part": str(claim.id), "table": table.name, "attempt": claim.attempt}
    with bound(smelt=None, tenant=None, **of_it), services.heartbeat.keeping(lease):
        _perform(Task(services, table, claim, lease), perform)
    return True


def _claim(services: Services, table: WorkTable, *, only_short: bool, alone: bool) -> Claim | None:
    """None: there is no work, or Postgres is away.

    A claim whose commit had no reply is looked for: else its row would be nobody's until it is rescued.
    """
    claim = None
    try:
        with services.database.service() as conn:
            claim = claim_next(
                conn, table, services.settings.lease_seconds, only_short=only_short, alone=alone
            )
    except DatabaseUnavailable as error:
        log.warning("Postgres is out of reach (%s); the reconciler will notify again", error)
        return claim if claim is not None and _claim_committed(services, table, claim) else None
    return claim


def _claim_committed(services: Services, table: WorkTable, claim: Claim) -> bool:
    try:
        return services.record(lambda conn: claim_committed(conn, table, claim))
    except DatabaseUnavailable:
        return False


def _perform(task: Task, perform: Callable[[Task], None]) -> None:
    started = time.monotonic()

    def held() -> float:
        return round(time.monotonic() - started, 3)

    try:
        perform(task)
        log.info("done", extra={"seconds": held()})
    except LostLease:
        log.info("the claim was lost: canceled, deleted, or taken over by another")
    except DatabaseUnavailable as error:
        log.warning("Postgres is out of reach (%s); the lease will run out", error)
    except WorkError as error:
        _record(task, error, held())
    except Exception as error:  # noqa: BLE001 - the edge: nothing may take the worker down or go unrecorded
        # The traceback's values could hold content, so its place is all that is logged.
        log.error("%s at %s", type(error).__name__, _place(error))  # noqa: TRY400
        _record(task, WorkError(ErrorCode.INTERNAL_ERROR, retryable=True), held())


def _record(task: Task, error: WorkError, held: float) -> None:
    """`held`: seconds that the attempt took."""
    policy = task.table.retry
    most = policy.max_failures(task.services.settings.max_attempts)
    decision = policy.decide(error, task.claim.failures, most, task.claim.attempt)
    if isinstance(decision, TryAgain) and decision.waiting_for is not None:
        decision = replace(decision, held=held)
    _tell(error, decision, held)
    try:
        task.services.record(lambda conn: record_failure(conn, task.table, task.claim, decision))
    except LostLease:
        log.info("the claim was lost: canceled, deleted, or taken over by another")
    except DatabaseUnavailable as unreachable:
        log.warning("Postgres is out of reach (%s); the lease will run out", unreachable)


def _tell(error: WorkError, decision: Decision, held: float) -> None:
    """What ended the attempt, and what comes of it."""
    fields: dict[str, object] = {"seconds": held}
    if isinstance(error, GiveBack):
        log.info("given back: %s", error.detail or "this process is stopping", extra=fields)
        return
    fields |= {"code": error.code.value, "reason": error.detail}
    if isinstance(decision, GiveUp):
        log.warning("failed for good", extra=fields)
        return
    fields["again_in"] = round(decision.delay, 1)
    if decision.waiting_for is not None:
        log.warning("%s is away; it is waited for", decision.waiting_for, extra=fields)
    elif decision.counts:
        log.warning("failed; it is tried again", extra=fields)
    else:
        log.info("put off; no failure is counted", extra=fields)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "nowhere" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
