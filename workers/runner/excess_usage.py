"""What a recording or an output takes from the others beyond its cost: debited to its tenant.

What hangs, crawls or kills its process holds a slot for far longer than its few seconds cost, and so does a prompt that
asks for an answer without end. Left at that, whoever sends such things would have many times their share.
"""

import logging
import time
from collections.abc import Callable

from db.session import DatabaseUnavailable
from db.work.fair_queue import debit_excess
from pipeline.fairness import excess_usage
from workers.runner.task import Task

log = logging.getLogger(__name__)

LEAST = 1.0  # second of recordings: less isn't worth a write


class ExcessUsage:
    """Of one attempt, from now on. `pace`: seconds of recordings that are usually done in a second of work; of outputs
    the costs are seconds of work themselves.
    """

    def __init__(
        self, task: Task, tenant: str, pace: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._task = task
        self._tenant = tenant
        self._pace = pace
        self._clock = clock
        self._begun = clock()
        self._debited = 0.0

    def tick(self, cost: float) -> None:
        """While it is worked on, so that others are served before it ends; each time for twice as much."""
        due = self._due(cost)
        if due > 2 * self._debited:
            self._debit(due)

    def end(self, cost: float) -> None:
        self._debit(self._due(cost))

    def fail(self) -> None:
        """All of the attempt was for nothing; what the recording costs pays for another."""
        self._debit((self._clock() - self._begun) * self._pace)

    def _due(self, cost: float) -> float:
        return excess_usage(self._clock() - self._begun, self._pace, cost)

    def _debit(self, due: float) -> None:
        """Tried once: a commit whose reply was lost would be made twice."""
        more = due - self._debited
        if more < LEAST:
            return
        self._debited = due
        try:
            with self._task.services.database.service() as conn:
                debit_excess(conn, self._task.table, self._tenant, self._task.claim, more)
        except DatabaseUnavailable as error:
            log.warning("Postgres is out of reach (%s); excess usage was not debited", error)
