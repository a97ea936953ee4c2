"""How much of the work that a queue's workers may claim is ready."""

from db.work import claims
from db.work.claims import DELIVERIES, FILES, OUTPUTS, RUNS, WorkTable
from workers.notifications.queue_notifications import ActorName, Queue
from workers.services import Services

# table → the actor that is notified of its claimable rows
ACTORS: dict[WorkTable, ActorName] = {
    FILES: ActorName.TRANSCRIBE_FILE,
    OUTPUTS: ActorName.APPLY_SEPARATE,
    DELIVERIES: ActorName.DELIVER_WEBHOOK,
    RUNS: ActorName.PURGE_CONTENT,
}
# The same for what the processes that are kept for short work may claim: nobody else notifies them first.
NOTIFIED = (
    *((table, actor) for table, actor in ACTORS.items()),
    (FILES, ActorName.TRANSCRIBE_SHORT_FILE),
    (OUTPUTS, ActorName.APPLY_SHORT),
)
BY_QUEUE: dict[Queue, tuple[WorkTable, ActorName]] = {
    actor.queue: (table, actor) for table, actor in NOTIFIED
}


def count_claimable(services: Services, queue: Queue, most: int) -> int:
    """Counted up to `most`. Raises DatabaseUnavailable."""
    table, actor = BY_QUEUE[queue]
    with services.database.service() as conn:
        return claims.count_claimable(conn, table, most, only_short=actor.only_short)
