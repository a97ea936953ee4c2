"""A Dramatiq broker whose idle consumers listen for queue notifications instead of asking Redis fifty times a second.

While Redis is away another consumer polls Postgres (`workers/notifications/postgres_consumer.py`).
"""

from collections.abc import Callable, Iterable
from typing import Any

from dramatiq import ConnectionClosed
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from redis import RedisError

from pipeline.circuit import Circuit
from workers.notifications.postgres_consumer import Look, PostgresConsumer
from workers.notifications.queue_notifications import notification_channel

MISSED_SECONDS = 0.25  # between two looks for notifications of which nothing was heard
BUSY_SECONDS = 0.02  # the same while work is under way: its end makes room for the next
LEAST_MILLISECONDS = 1  # Dramatiq's own sleep after a look that found nothing; ours comes on top
REDIS_ID = "redis_message_id"  # the option that Dramatiq gives to messages that are in Redis


class ListeningConsumer(_RedisConsumer):
    """Looks for a notification when one is announced, when a piece of work has ended, and now and then."""

    def __init__(self, broker: "ListeningBroker", queue_name: str, prefetch: int, _timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, LEAST_MILLISECONDS)  # type: ignore[no-untyped-call]
        self._trip = broker.trip
        self._subscription = broker.client.pubsub(ignore_subscribe_messages=True)
        self._reach(lambda: self._subscription.subscribe(notification_channel(broker.namespace, queue_name)))

    def __next__(self) -> MessageProxy | None:
        message: MessageProxy | None = self._reach(super().__next__)
        if message is None:
            timeout = BUSY_SECONDS if self.queued_message_ids else MISSED_SECONDS
            self._reach(lambda: self._subscription.get_message(timeout=timeout))
        return message

    def ack(self, message: MessageProxy) -> None:
        self._forget(super().ack, message)

    def nack(self, message: MessageProxy) -> None:
        self._forget(super().nack, message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        ours = [message for message in messages if REDIS_ID in message.options]
        self._reach(lambda: super(ListeningConsumer, self).requeue(ours))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self._subscription.close()
        super().close()

    def _forget(self, tell: Callable[[MessageProxy], None], message: MessageProxy) -> None:
        """Redis keeps a notification whose end it isn't told, and gives it to another once this process has ended: one
        look in vain. So nobody waits for its return here, as Dramatiq would.
        """
        if REDIS_ID not in message.options:  # the Postgres consumer's
            return
        try:
            self._reach(lambda: tell(message))
        except ConnectionClosed:
            self.logger.info("Redis was not told that notification %s is done.", message.message_id)

    def _reach(self, exchange: Callable[[], Any]) -> Any:
        """Raises ConnectionClosed."""
        try:
            return exchange()
        except (RedisError, ConnectionClosed) as error:
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
