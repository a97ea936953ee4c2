"""A worker or reconciler begins once it can work on the database, and its key ring opens what that holds."""

import logging
import threading
import time

from db.readiness import RingOpens, schema
from pipeline.checks import NotReady
from workers.services import Services

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two looks
REPEATED = 30.0  # seconds after which it is said again what is waited for


def wait_until_ready(services: Services, stopping: threading.Event) -> None:
    """Returns when it is, or `stopping` is set. The content store may be away: parts wait for that."""
    ring = RingOpens(services.database, services.keyring)
    said, when = "", float("-inf")
    while not stopping.is_set():
        try:
            schema(services.database)
            ring()
        except NotReady as error:
            if error.full != said or time.monotonic() - when > REPEATED:
                said, when = error.full, time.monotonic()
                log.warning("waiting: %s", said)
            stopping.wait(PAUSE)
        else:
            return
