"""Finds work while Redis is away: asks Postgres how much is ready, and makes as many notifications of its own."""

import logging
import time
from collections.abc import Callable

from dramatiq import Message
from dramatiq.broker import Consumer, MessageProxy

from db.session import DatabaseUnavailable
from pipeline.circuit import Circuit
from workers.notifications.queues import Queue

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25  # between two looks

Look = Callable[[Queue, int], int]
"""(queue, most) → how many pieces of work are ready, counted up to `most`. Raises DatabaseUnavailable."""


class PostgresConsumer(Consumer):
    """Ends when Redis is back. Its notifications are known to this process alone."""

    def __init__(self, circuit: Circuit, look: Look, queue_name: str, prefetch: int) -> None:
        log.warning("Redis is away; work for %s is looked for in Postgres", queue_name)
        self._circuit = circuit
        self._look = look
        self._queue = Queue(queue_name)
        self._prefetch = prefetch
        self._notifications: list[MessageProxy] = []
        self._given: set[str] = set()

    def __next__(self) -> MessageProxy | None:
        if not self._circuit.open:
            raise StopIteration
        if not self._notifications:
            self._notifications = self._make()
        if not self._notifications:
            time.sleep(POLL_SECONDS)
            return None
        notification = self._notifications.pop()
        self._given.add(notification.message_id)
        return notification

    def ack(self, message: MessageProxy) -> None:
        self._given.discard(message.message_id)

    def nack(self, message: MessageProxy) -> None:
        self._given.discard(message.message_id)

    def _make(self) -> list[MessageProxy]:
        room = self._prefetch - len(self._given)
        if room <= 0:
            return []
        try:
            ready = self._look(self._queue, room)
        except DatabaseUnavailable as error:
            log.warning("Postgres is out of reach as well (%s)", error)
            return []
        actor = self._queue.actor.value
        return [MessageProxy(Message(self._queue.value, actor, (), {}, {})) for _ in range(ready)]
