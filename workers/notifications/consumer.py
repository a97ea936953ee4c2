"""A Dramatiq broker whose idle consumers listen for queue notifications instead of asking Redis fifty times a second.

While Redis is away another consumer polls Postgres (`workers/notifications/postgres_consumer.py`).
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

import redis
from dramatiq import ConnectionClosed, Message
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker

from pipeline.circuit import Circuit
from workers.notifications.postgres_consumer import Look, PostgresConsumer
from workers.notifications.waiting import REDIS_ID, Waiting

MISSED_SECONDS = 0.25  # between two looks for notifications of which nothing was heard
BUSY_SECONDS = 0.02  # the same while all threads are at work: the end of one makes room for the next

T = TypeVar("T")


class ListeningConsumer(Consumer):
    """Takes notifications when one is announced, when there may be more than it had room for, and now and then.

    What it takes is gone from Redis. Should this process end before its time, the reconciler notifies again.
    """

    def __init__(self, broker: "ListeningBroker", queue_name: str, prefetch: int, _timeout: int) -> None:
        """Raises ConnectionClosed."""
        self._trip = broker.trip
        self._prefetch = prefetch
        self._waiting = Waiting(broker.client, broker.namespace, queue_name)
        self._taken: list[MessageProxy] = []
        self._given: set[str] = set()
        self._may_be_more = True
        self._subscription = broker.client.pubsub(ignore_subscribe_messages=True)
        self._reach(lambda: self._subscription.subscribe(self._waiting.channel))

    def __next__(self) -> MessageProxy | None:
        room = self._prefetch - len(self._given)
        if not self._taken and self._may_be_more and room > 0:
            self._taken = [
                MessageProxy(Message.decode(data)) for data in self._reach(lambda: self._waiting.take(room))
            ]
            self._may_be_more = len(self._taken) == room
        if self._taken:
            message = self._taken.pop(0)
            self._given.add(message.message_id)
            return message
        self._listen(MISSED_SECONDS if room > 0 else BUSY_SECONDS, room)
        return None

    def ack(self, message: MessageProxy) -> None:
        self._given.discard(message.message_id)

    def nack(self, message: MessageProxy) -> None:
        self._given.discard(message.message_id)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Those that are Redis's: the Postgres consumer's are known to this process alone. Raises ConnectionClosed."""
        ours = [message for message in messages if REDIS_ID in message.options]
        if ours:
            self._reach(
                lambda: self._waiting.add([(one.options[REDIS_ID], one.encode()) for one in ours], len(ours))
            )

    def close(self) -> None:
        self._subscription.close()

    def _listen(self, seconds: float, room: int) -> None:
        """Until one is announced, or for so long. Where nothing was heard for long enough it may have been missed."""
        heard = self._reach(lambda: self._subscription.get_message(timeout=seconds))
        if heard is not None or room > 0:
            self._may_be_more = True

    def _reach(self, exchange: Callable[[], T]) -> T:
        """Raises ConnectionClosed."""
        try:
            return exchange()
        except redis.RedisError as error:
            self._trip()
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]


class ListeningBroker(RedisBroker):
    """For worker processes."""

    _circuit: Circuit | None = None
    _look: Look | None = None

    def poll_postgres(self, circuit: Circuit, look: Look) -> None:
        """From now on work is found by `look` while the circuit is open."""
        self._circuit, self._look = circuit, look

    def trip(self) -> None:
        if self._circuit is not None:
            self._circuit.trip()

    @property
    def consumer_class(self) -> type[ListeningConsumer]:
        return ListeningConsumer

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        if self._circuit is not None and self._look is not None and self._circuit.open:
            return PostgresConsumer(self._circuit, self._look, queue_name, prefetch)
        return super().consume(queue_name, prefetch, timeout)

    def get_declared_delay_queues(self) -> set[str]:
        """None: Postgres delays, so nobody needs to look for delayed messages."""
        return set()
