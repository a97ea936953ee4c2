"""While Redis is away workers find their work in Postgres, and wait for nobody."""

import time
from collections.abc import Iterator

import pytest
from dramatiq import Message
from dramatiq.broker import MessageProxy

from db.session import DatabaseUnavailable
from db.work.claims import claim_next
from db.work.outputs import OUTPUTS
from pipeline.circuit import Circuit
from tests.support.smelts import admit_all, new_smelt
from workers.notifications.consumer import ListeningBroker, ListeningConsumer
from workers.notifications.postgres_consumer import PostgresConsumer
from workers.notifications.queue_depth import count_claimable
from workers.notifications.queue_notifications import ActorName, Queue, make_broker_of
from workers.services import Services

NOBODY = "redis://127.0.0.1:1/0"  # nothing listens on port 1
QUEUE = Queue.SYNTHESIZE


@pytest.fixture
def away() -> Iterator[Circuit]:
    """Open until it is told that the probe succeeds."""
    circuit = Circuit(lambda: False, every=0.01)
    circuit.trip()
    yield circuit
    circuit.end()


def test_it_finds_what_is_ready_as_far_as_there_is_room(services: Services, away: Circuit) -> None:
    with services.database.service() as conn:
        for _ in range(3):
            admit_all(conn, new_smelt(None, texts=1))
    consumer = PostgresConsumer(
        away, lambda queue, most: count_claimable(services, queue, most), QUEUE.value, 2
    )

    given = [next(consumer) for _ in range(3)]

    assert [notification and notification.actor_name for notification in given] == [
        ActorName.APPLY_SEPARATE,
        ActorName.APPLY_SEPARATE,
        None,
    ]
    assert given[0] is not None
    with services.database.service() as conn:
        claim_next(conn, OUTPUTS, 30)
    consumer.ack(given[0])
    assert next(consumer) is not None


def test_it_ends_when_redis_is_back() -> None:
    circuit = Circuit(lambda: True, every=0.01)
    consumer = PostgresConsumer(circuit, lambda *_: 1, QUEUE.value, 1)

    assert list(consumer) == []


def test_without_postgres_too_it_finds_nothing(away: Circuit) -> None:
    def look(_queue: Queue, _most: int) -> int:
        raise DatabaseUnavailable

    assert next(PostgresConsumer(away, look, QUEUE.value, 1)) is None


def test_nobody_waits_to_tell_redis_that_a_notification_is_done(redis_url: str, redis_namespace: str) -> None:
    broker = make_broker_of(ListeningBroker, redis_url, redis_namespace, timeout=1)
    broker.enqueue(Message(QUEUE.value, ActorName.APPLY_SEPARATE.value, (), {}, {}))
    notification = next(consumer := ListeningConsumer(broker, QUEUE.value, 1, 0))
    assert notification is not None
    consumer.close()
    unreachable = make_broker_of(ListeningBroker, NOBODY, redis_namespace, timeout=1)
    circuit = Circuit(lambda: False)
    unreachable.poll_postgres(circuit, lambda *_: 0)
    consumer.broker, consumer._trip = unreachable, unreachable.trip
    started = time.monotonic()

    consumer.ack(notification)

    assert time.monotonic() - started < 1
    assert isinstance(unreachable.consume(QUEUE.value), PostgresConsumer)
    circuit.end()


def test_redis_hears_nothing_of_notifications_that_were_never_there(
    redis_url: str, redis_namespace: str
) -> None:
    broker = make_broker_of(ListeningBroker, redis_url, redis_namespace, timeout=1)
    consumer = ListeningConsumer(broker, QUEUE.value, 1, 0)
    notification = MessageProxy(Message(QUEUE.value, ActorName.APPLY_SEPARATE.value, (), {}, {}))
    before = list(broker.client.scan_iter(f"{redis_namespace}*"))

    consumer.ack(notification)
    consumer.requeue([notification])

    assert list(broker.client.scan_iter(f"{redis_namespace}*")) == before
    consumer.close()
