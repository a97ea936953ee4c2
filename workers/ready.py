"""How much of the work that a queue's workers may claim is ready."""

from db import work
from db.work import DELIVERIES, FILES, OUTPUTS, RUNS, WorkTable
from workers.services import Services
from workers.wake import Queue, Wake

# table → the wake that rings for its ready rows
WAKES: dict[WorkTable, Wake] = {
    FILES: Wake.TRANSCRIBE_FILE,
    OUTPUTS: Wake.APPLY_SEPARATE,
    DELIVERIES: Wake.DELIVER_WEBHOOK,
    RUNS: Wake.PURGE_CONTENT,
}
# The same for what the processes that are kept for short work may claim: nobody else rings for them first.
BELLS = (
    *((table, wake) for table, wake in WAKES.items()),
    (FILES, Wake.TRANSCRIBE_SHORT_FILE),
    (OUTPUTS, Wake.APPLY_SHORT),
)
OF_QUEUES: dict[Queue, tuple[WorkTable, Wake]] = {wake.queue: (table, wake) for table, wake in BELLS}


def count_ready(services: Services, queue: Queue, most: int) -> int:
    """Counted up to `most`. Raises DatabaseUnavailable."""
    table, wake = OF_QUEUES[queue]
    with services.database.service() as conn:
        return work.count_ready(conn, table, most, only_short=wake.only_short)
