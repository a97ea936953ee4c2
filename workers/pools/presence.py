"""A worker process telling that it is alive, and what it has in hand, for operators (`smelt admin workers`)."""

import logging
import os
import socket
import threading
from uuid import uuid4

from db.session import DatabaseUnavailable
from db.work.presence import Worker, end_presence, tell_presence
from workers.notifications.queues import Queue
from workers.services import Services

log = logging.getLogger(__name__)

TELL_SECONDS = 5.0  # between two words of it
CLOSING_SECONDS = 2.0  # that its last word may take where Postgres doesn't answer


class Presence:
    """Nothing depends on it: what can't be told now is told the next time. The thread starts with `start`."""

    def __init__(self, services: Services, queue: Queue, every: float = TELL_SECONDS) -> None:
        self._services = services
        self._worker = Worker(uuid4(), socket.gethostname(), os.getpid(), queue.value)
        self._every = every
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Once its work has ended."""
        self._closing.set()
        self._thread.join(CLOSING_SECONDS)

    def _run(self) -> None:
        while True:
            self._tell()
            if self._closing.wait(self._every):
                break
        try:
            with self._services.database.service() as conn:
                end_presence(conn, self._worker)
        except DatabaseUnavailable as error:
            log.info("Postgres is out of reach (%s): this worker is seen for a while yet", error)

    def _tell(self) -> None:
        try:
            with self._services.database.service() as conn:
                tell_presence(conn, self._worker, self._services.heartbeat.in_hand())
        except DatabaseUnavailable as error:
            log.info("Postgres is out of reach (%s): nobody is told that this worker is alive", error)
