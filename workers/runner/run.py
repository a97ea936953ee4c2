"""Runs one piece of work: claim, notify for the next, perform, record. The actors differ only in `perform`.

No connection is held while the work is performed. What goes wrong is translated here, once: a WorkError to what
`pipeline/retry.py` decides, anything unforeseen to `internal_error`, a lost lease to silence.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from db.session import DatabaseUnavailable
from db.work.claims import Claim
from db.work.parts import record_failure
from db.work.tables import BY_QUEUE
from pipeline.errors import GiveBack, LostLease, WorkError
from pipeline.logs import bound
from pipeline.metrics.work import Ending, Outcome, note_end, under_way
from pipeline.retry import Decision, GiveUp, TryAgain, within_patience
from pipeline.states import ErrorCode
from pipeline.tracing import spans
from workers.notifications.queues import ActorName
from workers.runner.claiming import claim_work
from workers.runner.lease import Lease
from workers.runner.task import Task
from workers.services import Services

log = logging.getLogger(__name__)


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
    claim = _claim_first(services, actor, stopping, alone=alone)
    while claim is not None:
        task = _run(services, actor, perform, stopping, claim, claims_next=True)
        known = task.asked or not claim.more
        claim = task.next if known else claim_work(services, actor, stopping, alone=alone)


def run_next(
    services: Services,
    actor: ActorName,
    perform: Callable[[Task], None],
    stopping: threading.Event,
    *,
    alone: bool = True,
) -> Claim | None:
    """Claims and runs one of the rows that `actor` may run, and notifies if there are more. None: as `claim_work`.

    A notification for short work claims nothing else: the others' notifications are in a queue of their own, and stay
    there. `alone`: whether this process has one such row at a time, or may die of each without the others.
    """
    claim = _claim_first(services, actor, stopping, alone=alone)
    if claim is not None:
        _run(services, actor, perform, stopping, claim, claims_next=False)
    return claim


def _claim_first(
    services: Services, actor: ActorName, stopping: threading.Event, *, alone: bool
) -> Claim | None:
    """And notifies for another worker, unless somebody is about to see for themselves that there are more: a thread of
    this process, or who takes a notification that still waits.
    """
    with services.lookers.looking(actor.queue):
        claim = claim_work(services, actor, stopping, alone=alone)
    if claim is not None and claim.more and not services.lookers.any(actor.queue):
        services.notifier.notify(actor, most=1)
    return claim


def _run(
    services: Services,
    actor: ActorName,
    perform: Callable[[Task], None],
    stopping: threading.Event,
    claim: Claim,
    *,
    claims_next: bool,
) -> Task:
    table = BY_QUEUE[actor.route.pool]
    settings = services.settings
    lease = Lease(
        services.database,
        table,
        claim,
        seconds=settings.lease_seconds,
        stopping=stopping,
        grace=settings.worker_grace,
    )
    task = Task(services, table, claim, lease, actor.route.only_short, claims_next and claim.more)
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
        _perform(task, perform)
    return task


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
