"""A worker's claims, and those whose commit had no reply."""

import logging
import threading
import time

from db.session import DatabaseUnavailable
from db.work.claims import Claim, WorkTable, claim_committed, claim_next
from db.work.tables import BY_QUEUE
from pipeline.metrics.work import note_claim
from workers.notifications.queues import ActorName
from workers.services import Services

log = logging.getLogger(__name__)


def claim_work(
    services: Services, actor: ActorName, stopping: threading.Event, *, alone: bool
) -> Claim | None:
    """None: there is no work, or Postgres is away, or this process is stopping."""
    if stopping.is_set():
        return None
    table = BY_QUEUE[actor.route.pool]
    asked = time.monotonic()
    claimed = _claimed(services, table, stopping, only_short=actor.route.only_short, alone=alone)
    if claimed is not None:
        note_claim(table.queue, claimed.waited, time.monotonic() - asked)
    return claimed


def _claimed(
    services: Services, table: WorkTable, stopping: threading.Event, *, only_short: bool, alone: bool
) -> Claim | None:
    """A claim whose commit had no reply is looked for: else its row would be nobody's until it is rescued. Who had to
    wait for a connection may be told to stop meanwhile.
    """
    claimed = None
    lease = services.settings.lease_seconds
    try:
        if table.claim is not None:
            with services.database.brief() as brief:
                if stopping.is_set():
                    return None
                claimed = table.claim(brief, lease, only_short)
        else:
            with services.database.service() as conn:
                if stopping.is_set():
                    return None
                claimed = claim_next(conn, table, lease, only_short=only_short, alone=alone)
    except DatabaseUnavailable as error:
        log.warning("Postgres is out of reach (%s); the reconciler will notify again", error)
        return claimed if claimed is not None and look_for(services, table, claimed) else None
    return claimed


def look_for(services: Services, table: WorkTable, claim: Claim) -> bool:
    """Whether a claim whose commit had no reply was committed, as far as can be told."""
    try:
        return services.record(lambda conn: claim_committed(conn, table, claim))
    except DatabaseUnavailable:
        return False
