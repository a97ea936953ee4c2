"""Finds work while Redis is away: asks Postgres how much is ready, and makes as many wakes of its own."""

import logging
import time
from collections.abc import Callable

from dramatiq import Message
from dramatiq.broker import Consumer, MessageProxy

from db.session import DatabaseUnavailable
from pipeline.circuit import Circuit
from workers.ready import OF_QUEUES
from workers.wake import Queue

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25  # between two looks

Look = Callable[[Queue, int], int]
"""(queue, most) → how many pieces of work are ready, counted up to `most`. Raises DatabaseUnavailable."""


class StandIn(Consumer):
    """Ends when Redis is back. Its wakes are known to this process alone."""

    def __init__(self, circuit: Circuit, look: Look, queue_name: str, prefetch: int) -> None:
        log.warning("Redis is away; work for %s is looked for in Postgres", queue_name)
        self._circuit = circuit
        self._look = look
        self._queue = Queue(queue_name)
        self._prefetch = prefetch
        self._wakes: list[MessageProxy] = []
        self._given: set[str] = set()

    def __next__(self) -> MessageProxy | None:
        if not self._circuit.open:
            raise StopIteration
        if not self._wakes:
            self._wakes = self._make()
        if not self._wakes:
            time.sleep(LOOK_SECONDS)
            return None
        wake = self._wakes.pop()
        self._given.add(wake.message_id)
        return wake

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
        _, wake = OF_QUEUES[self._queue]
        return [MessageProxy(Message(self._queue.value, wake.value, (), {}, {})) for _ in range(ready)]
