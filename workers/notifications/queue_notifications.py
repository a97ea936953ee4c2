"""Queue notifications: a message in Redis that says "there may be work on this queue", and nothing else.

Which row runs is Postgres's choice. A lost notification costs a moment, until the reconciler notifies again; a doubled
one finds nothing to claim. So notifying is best effort: it never fails a caller, and never keeps one waiting.

In the same way smelts that have changed are announced on a channel, to those who follow them; who misses that finds
the change in Postgres a second later.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.circuit import Circuit
from pipeline.metrics.servers import redis_away

log = logging.getLogger(__name__)

B = TypeVar("B", bound=RedisBroker)

EXCHANGE_SECONDS = 0.25  # seconds for one exchange with Redis


class Queue(StrEnum):
    """What a worker process listens to. A pool is named after the first of its queues."""

    TRANSCRIBE = "transcribe"
    TRANSCRIBE_SHORT = (
        "transcribe_short"  # for those of the pool's processes that are kept for short recordings
    )
    SYNTHESIZE = "synthesize"
    SYNTHESIZE_SHORT = "synthesize_short"  # for the process of the pool that is kept for short outputs
    DELIVER = "deliver"
    MAINTENANCE = "maintenance"

    @property
    def actor(self) -> "ActorName":
        """Whom to notify of work on this queue: the first of its actors, since each may run the others' rows."""
        return next(actor for actor, route in ROUTES.items() if route.queue is self)

    @property
    def pool(self) -> "Queue":
        return self.actor.route.pool


class ActorName(StrEnum):
    """The actors' names, as messages carry them."""

    TRANSCRIBE_FILE = "transcribe_file"
    TRANSCRIBE_SHORT_FILE = "transcribe_short_file"
    APPLY_SEPARATE = "apply_separate"
    APPLY_COMBINE = "apply_combine"
    APPLY_SHORT = "apply_short"
    DELIVER_WEBHOOK = "deliver_webhook"
    PURGE_CONTENT = "purge_content"
    RESET_WEEKLY_CREDITS = "reset_weekly_credits"

    @property
    def route(self) -> "Route":
        return ROUTES[self]

    @property
    def queue(self) -> Queue:
        return self.route.queue


@dataclass(frozen=True, slots=True)
class Route:
    """`queue`: on which an actor is notified. `pool`: whose processes listen to it, and claim from the table of work
    that is named after it (`BY_QUEUE` in `db/work/tables.py`). `only_short`: of its rows the short ones alone.
    """

    queue: Queue
    pool: Queue
    only_short: bool = False


ROUTES = {
    ActorName.TRANSCRIBE_FILE: Route(Queue.TRANSCRIBE, Queue.TRANSCRIBE),
    ActorName.TRANSCRIBE_SHORT_FILE: Route(Queue.TRANSCRIBE_SHORT, Queue.TRANSCRIBE, only_short=True),
    ActorName.APPLY_SEPARATE: Route(Queue.SYNTHESIZE, Queue.SYNTHESIZE),
    ActorName.APPLY_COMBINE: Route(Queue.SYNTHESIZE, Queue.SYNTHESIZE),
    ActorName.APPLY_SHORT: Route(Queue.SYNTHESIZE_SHORT, Queue.SYNTHESIZE, only_short=True),
    ActorName.DELIVER_WEBHOOK: Route(Queue.DELIVER, Queue.DELIVER),
    ActorName.PURGE_CONTENT: Route(Queue.MAINTENANCE, Queue.MAINTENANCE),
    ActorName.RESET_WEEKLY_CREDITS: Route(Queue.MAINTENANCE, Queue.MAINTENANCE),
}


def changes_channel(namespace: str) -> str:
    """Where smelts that have changed are announced: each message holds ids, parted by spaces."""
    return f"{namespace}:changes"


def make_client(redis_url: str, timeout: float | None) -> redis.Redis:
    """One that tries each exchange once. `timeout`: seconds after which it is given up."""
    return redis.Redis.from_url(
        redis_url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout or 5.0,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


def make_circuit(redis_url: str) -> Circuit:
    """Whether Redis can be reached; shared by all in a process who mustn't wait for it."""
    client = make_client(redis_url, EXCHANGE_SECONDS)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

    return Circuit(answers, on_change=lambda is_open: redis_away.inc(1 if is_open else -1))


def notification_channel(namespace: str, queue: str) -> str:
    """Where it is said that a notification has been added to a queue."""
    return f"{namespace}:notify:{queue}"


def make_broker(redis_url: str, namespace: str, *, timeout: float | None = None) -> RedisBroker:
    """A Dramatiq broker without middleware. `timeout`: seconds after which an exchange with Redis is given up."""
    return make_broker_of(RedisBroker, redis_url, namespace, timeout=timeout)


def make_broker_of(kind: type[B], redis_url: str, namespace: str, *, timeout: float | None) -> B:
    """The same of a kind of one's own."""
    broker = kind(client=make_client(redis_url, timeout), namespace=namespace, middleware=[])
    for queue in Queue:
        broker.declare_queue(queue)
    return broker


class QueueNotifier:
    """Notifies workers of work. Safe to share between threads. `circuit`: one of its own, unless others talk to
    Redis too.
    """

    def __init__(self, redis_url: str, namespace: str, circuit: Circuit | None = None) -> None:
        self._broker = make_broker(redis_url, namespace, timeout=EXCHANGE_SECONDS)
        self.circuit = circuit or make_circuit(redis_url)

    def notify(self, actor: ActorName, count: int = 1, cause: UUID | None = None) -> bool:
        """Sends `count` notifications; `cause` is the id that the work is about, for the logs.

        False: Redis is out of reach. The reconciler notifies again once it is back.
        """
        if count <= 0:
            return True
        if self.circuit.open:
            return False
        args = (str(cause),) if cause else ()
        try:
            for _ in range(count):
                self._broker.enqueue(Message(actor.queue.value, actor.value, args, {}, {}))
            self._broker.client.publish(notification_channel(self._broker.namespace, actor.queue), "")
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
            return self._broker.client.llen(f"{self._broker.namespace}:{queue}")
        except redis.RedisError as error:
            self._fail(error)
            return None

    def announce(self, changed: Collection[UUID]) -> bool:
        """Tells followers that these smelts have changed. False: Redis is out of reach."""
        if self.circuit.open:
            return False
        try:
            self._broker.client.publish(
                changes_channel(self._broker.namespace), " ".join(str(smelt_id) for smelt_id in changed)
            )
        except redis.RedisError as error:
            self._fail(error)
            return False
        return True

    def close(self) -> None:
        self.circuit.end()
        self._broker.client.close()

    def _fail(self, error: redis.RedisError) -> None:
        if self.circuit.trip():
            log.warning("Redis is out of reach (%s); the reconciler will notify later", type(error).__name__)
