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
from pipeline.metrics.work import Ending, Outcome, note_claim, note_end, under_way
from pipeline.retry import Decision, GiveUp, TryAgain, within_patience
from pipeline.states import ErrorCode
from pipeline.tracing import spans
from workers.notifications.queues import ActorName
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


def run_all(
    services: Services,
    actor: ActorName,
    perform: Callable[[Task], None],
    stopping: threading.Event,
    *,
    alone: bool = True,
) -> None:
    """Runs one row after the other, as long as there are more: who is at work needs no notification for the next.

    The first notifies for another worker, which does the same: so all have begun before anything is notified in vain.
    """
    claim = run_next(services, actor, perform, stopping, alone=alone, tell=True)
    while claim is not None and claim.more:
        claim = run_next(services, actor, perform, stopping, alone=alone, tell=False)


def run_next(
    services: Services,
    actor: ActorName,
    perform: Callable[[Task], None],
    stopping: threading.Event,
    *,
    alone: bool = True,
    tell: bool = True,
) -> Claim | None:
    """Claims and runs one of the rows that `actor` may run. None: there was none, or Postgres is away, or this process
    is stopping.

    A notification for short work claims nothing else: the others' notifications are in a queue of their own, and stay
    there. `alone`: whether this process has one such row at a time, or may die of each without the others. `tell`:
    whether others are notified where there is more.
    """
    if stopping.is_set():
        return None
    table = BY_QUEUE[actor.route.pool]
    asked = time.monotonic()
    claim = _claim(services, table, only_short=actor.route.only_short, alone=alone)
    if claim is None:
        return None
    note_claim(table.queue, claim.waited, time.monotonic() - asked)
    if claim.more and tell:
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
    part = str(claim.id)
    of_it = {"part": part, "table": table.name, "attempt": claim.attempt}
    with (
        bound(smelt=None, tenant=None, **of_it),
        under_way.labels(table.queue).track_inprogress(),
        services.heartbeat.keeping(lease),
        spans.work(
            table.queue,
            claim.traceparent,
            {
                "smelt.part": part,
                "smelt.attempt": claim.attempt,
                "smelt.waited_seconds": claim.waited,
            },
        ),
    ):
        _perform(Task(services, table, claim, lease), perform)
    return claim


def _claim(services: Services, table: WorkTable, *, only_short: bool, alone: bool) -> Claim | None:
    """None: there is no work, or Postgres is away.

    A claim whose commit had no reply is looked for: else its row would be nobody's until it is rescued.
    """
    claim = None
    lease = services.settings.lease_seconds
    try:
        if table.claim is not None:
            with services.database.brief() as brief:
                claim = table.claim(brief, lease, only_short)
        else:
            with services.database.service() as conn:
                claim = claim_next(conn, table, lease, only_short=only_short, alone=alone)
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

    ending = _ending(task, perform, held)
    note_end(task.table.queue, ending, held())
    told = {"smelt.outcome": ending.outcome.value, "smelt.code": ending.code or ""}
    spans.note(told, failed=ending.outcome is Outcome.FAILED)


def _ending(task: Task, perform: Callable[[Task], None], held: Callable[[], float]) -> Ending:
    try:
        return _done(task, perform, held)
    except LostLease:
        log.info("the claim was lost: canceled, deleted, or taken over by another")
        return Ending(Outcome.LOST)
    except DatabaseUnavailable as error:
        log.warning("Postgres is out of reach (%s); the lease will run out", error)
        return Ending(Outcome.UNRECORDED)


def _done(task: Task, perform: Callable[[Task], None], held: Callable[[], float]) -> Ending:
    """Raises LostLease, DatabaseUnavailable."""
    try:
        perform(task)
    except (LostLease, DatabaseUnavailable):
        raise
    except WorkError as error:
        return _record(task, error, held())
    except Exception as error:  # noqa: BLE001 - the edge: nothing may take the worker down or go unrecorded
        # The traceback's values could hold content, so its place is all that is logged.
        log.error("%s at %s", type(error).__name__, _place(error))  # noqa: TRY400
        return _record(task, WorkError(ErrorCode.INTERNAL_ERROR, retryable=True), held())
    log.info("done", extra={"seconds": held()})
    return Ending(Outcome.DONE)


def _record(task: Task, error: WorkError, held: float) -> Ending:
    """`held`: seconds that the attempt took. Raises LostLease, DatabaseUnavailable."""
    policy = task.table.retry
    most = policy.max_failures(task.services.settings.max_attempts)
    decision = policy.decide(error, task.claim.failures, most, task.claim.attempt)
    waited = task.claim.outage + held if task.claim.outage else 0.0
    decision = within_patience(error, decision, waited, task.services.settings.outage_patience)
    if isinstance(decision, TryAgain) and decision.waiting_for is not None:
        decision = replace(decision, held=held)
    ending = _tell(error, decision, held)
    task.services.record(lambda conn: record_failure(conn, task.table, task.claim, decision))
    return ending


def _tell(error: WorkError, decision: Decision, held: float) -> Ending:
    """What ended the attempt, and what comes of it."""
    fields: dict[str, object] = {"seconds": held}
    if isinstance(error, GiveBack):
        log.info("given back: %s", error.detail or "this process is stopping", extra=fields)
        return Ending(Outcome.GIVEN_BACK)
    fields |= {"code": error.code.value, "reason": error.detail}
    if isinstance(decision, GiveUp):
        log.warning("failed for good", extra=fields)
        return Ending(Outcome.FAILED, error.code)
    fields["again_in"] = round(decision.delay, 1)
    if decision.waiting_for is not None:
        log.warning("%s is away; it is waited for", decision.waiting_for, extra=fields)
        return Ending(Outcome.OUTAGE, error.code)
    if decision.counts:
        log.warning("failed; it is tried again", extra=fields)
        return Ending(Outcome.AGAIN, error.code)
    log.info("put off; no failure is counted", extra=fields)
    return Ending(Outcome.PUT_OFF, error.code)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "nowhere" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
