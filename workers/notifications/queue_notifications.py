"""Queue notifications: a message in Redis that says "there may be work on this queue", and nothing else.

Which row runs is Postgres's choice. A lost notification costs a moment, until the reconciler notifies again; a doubled
one finds nothing to claim. So notifying is best effort: it never fails a caller, and never keeps one waiting.

In the same way a smelt that has changed is announced on a channel of its own, to those who follow it; who misses that
finds the change in Postgres a second later.
"""

import logging
from collections.abc import Collection
from typing import TypeVar
from uuid import UUID, uuid4

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker

from pipeline.circuit import Circuit
from pipeline.metrics.servers import redis_away
from workers.notifications.announcer import Announcer
from workers.notifications.queues import ActorName, Queue
from workers.notifications.redis_client import make_client
from workers.notifications.waiting import MOST_WAITING, REDIS_ID, Waiting

log = logging.getLogger(__name__)

B = TypeVar("B", bound=RedisBroker)

EXCHANGE_SECONDS = 0.25  # seconds for one exchange with Redis


def changes_channel(namespace: str, smelt_id: UUID | str) -> str:
    """Where it is said that a smelt has changed."""
    return f"{namespace}:changes:{smelt_id}"


def make_circuit(redis_url: str) -> Circuit:
    """Whether Redis can be reached; shared by all in a process who mustn't wait for it."""
    client = make_client(redis_url, EXCHANGE_SECONDS)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

    return Circuit(answers, on_change=lambda is_open: redis_away.inc(1 if is_open else -1))


def make_broker(kind: type[B], redis_url: str, namespace: str, *, timeout: float | None) -> B:
    """A Dramatiq broker of this kind, without middleware. `timeout`: seconds for one exchange with Redis."""
    broker = kind(client=make_client(redis_url, timeout), namespace=namespace, middleware=[])
    for queue in Queue:
        broker.declare_queue(queue)
    return broker


class QueueNotifier:
    """Notifies workers of work. Safe to share between threads. `circuit`: one of its own, unless others talk to
    Redis too.
    """

    def __init__(self, redis_url: str, namespace: str, circuit: Circuit | None = None) -> None:
        self._namespace = namespace
        self._client = make_client(redis_url, EXCHANGE_SECONDS)
        self._waiting = {queue: Waiting(self._client, namespace, queue) for queue in Queue}
        self._announcer = Announcer(self._client)
        self.circuit = circuit or make_circuit(redis_url)

    def notify(
        self, actor: ActorName, count: int = 1, cause: UUID | None = None, most: int = MOST_WAITING
    ) -> bool:
        """Sends `count` notifications, unless `most` wait already; `cause` is the id that the work is about, for the
        logs.

        False: Redis is out of reach. The reconciler notifies again once it is back.
        """
        if count <= 0:
            return True
        if self.circuit.open:
            return False
        messages = [_message(actor, cause) for _ in range(min(count, MOST_WAITING))]
        try:
            self._waiting[actor.queue].add(messages, most)
        except redis.RedisError as error:
            self._fail(error)
            return False
        return True

    def notify_webhooks(self, count: int) -> bool:
        """So many have become claimable, whoever made them so."""
        return self.notify(ActorName.DELIVER_WEBHOOK, count)

    def waiting(self, queue: Queue) -> int | None:
        """How many notifications of a queue no worker has fetched yet. None: Redis is out of reach."""
        if self.circuit.open:
            return None
        try:
            return self._client.llen(f"{self._namespace}:{queue}")
        except redis.RedisError as error:
            self._fail(error)
            return None

    def announce(self, changed: Collection[UUID]) -> bool:
        """Tells followers that these smelts have changed. False: Redis is out of reach."""
        if self.circuit.open:
            return False
        try:
            self._announcer.publish([changes_channel(self._namespace, smelt_id) for smelt_id in changed])
        except redis.RedisError as error:
            self._fail(error)
            return False
        return True

    def close(self) -> None:
        self.circuit.end()
        self._announcer.close()
        self._client.close()

    def _fail(self, error: redis.RedisError) -> None:
        if self.circuit.trip():
            log.warning("Redis is out of reach (%s); the reconciler will notify later", type(error).__name__)


def _message(actor: ActorName, cause: UUID | None) -> tuple[str, bytes]:
    """Its id in Redis, and itself, as Dramatiq's broker has them."""
    in_redis = str(uuid4())
    args = (str(cause),) if cause else ()
    message: Message[None] = Message(actor.queue.value, actor.value, args, {}, {REDIS_ID: in_redis})
    return in_redis, message.encode()
