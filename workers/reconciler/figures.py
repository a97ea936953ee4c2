"""What Postgres says of the queues, told as metrics by the reconciler alone: so it is right whatever else runs."""

import logging
import time

from db.session import DatabaseUnavailable
from db.work.queue_figures import (
    Figures,
    OutageFigures,
    Overdue,
    QueueFigures,
    read_content_bytes,
    read_overdue,
    read_queues,
)
from db.work.schedules import RUNS
from db.work.tables import TABLES
from pipeline.metrics import reconciler as metrics
from pipeline.states import Tier, WaitingFor
from workers.services import Services

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds between two readings
BYTES_EVERY = 60.0  # of what reads more rows
QUEUES = [(table.queue, tier) for table in TABLES for tier in (("",) if table is RUNS else Tier)]
SERVERS = tuple(
    what for what in WaitingFor if what is not WaitingFor.HOLD
)  # what an operator holds is no outage
_OF_QUEUES = (metrics.ready, metrics.oldest_ready, metrics.running, metrics.waiting)


class FiguresReader:
    """Used by one thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._bytes_due = 0.0

    def read(self) -> None:
        """While Postgres is away nothing is told: figures of before would be taken for those of now."""
        try:
            self._read()
        except DatabaseUnavailable as error:
            log.warning("the figures of the queues can't be read: %s", error)
            _forget()

    def _read(self) -> None:
        with self._services.database.service() as conn:
            figures, overdue = read_queues(conn), read_overdue(conn)
        _tell(figures, overdue)
        metrics.outage_patience.set(self._services.settings.outage_patience)
        if time.monotonic() >= self._bytes_due:
            with self._services.database.service() as conn:
                metrics.content_bytes.set(read_content_bytes(conn))
            self._bytes_due = time.monotonic() + BYTES_EVERY
        metrics.figures_read.set_to_current_time()


def _tell(figures: Figures, overdue: Overdue) -> None:
    for queue, tier in QUEUES:
        own = figures.queues.get((queue, tier), QueueFigures())
        for gauge, value in zip(_OF_QUEUES, (own.ready, own.oldest, own.running, own.waiting), strict=True):
            gauge.labels(queue, tier).set(value)
    for server in SERVERS:
        outage = figures.outages.get(server, OutageFigures())
        metrics.outage_parts.labels(server).set(outage.parts)
        metrics.outage_seconds.labels(server).set(outage.seconds)
    metrics.lag.labels("leases").set(overdue.leases)
    metrics.lag.labels("due").set(overdue.due)
    metrics.lag.labels("content").set(overdue.content)
    metrics.content_overdue.set(overdue.smelts)


def _forget() -> None:
    for gauge in (*_OF_QUEUES, metrics.outage_parts, metrics.outage_seconds, metrics.lag):
        gauge.clear()
