"""While Redis is away workers find their work in Postgres, and wait for nobody."""

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
from workers.notifications.queue_notifications import make_broker
from workers.notifications.queues import ActorName, Queue
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


def test_what_is_taken_is_gone_and_is_put_back_by_who_stops(redis_url: str, redis_namespace: str) -> None:
    broker = make_broker(ListeningBroker, redis_url, redis_namespace, timeout=1)
    broker.enqueue(Message(QUEUE.value, ActorName.APPLY_SEPARATE.value, (), {}, {}))
    consumer = ListeningConsumer(broker, QUEUE.value, 1, 0)
    waiting = list(broker.client.scan_iter(f"{redis_namespace}:{QUEUE}*"))

    notification = next(consumer)

    assert notification is not None
    assert waiting
    assert list(broker.client.scan_iter(f"{redis_namespace}:{QUEUE}*")) == []
    consumer.requeue([notification])
    assert sorted(broker.client.scan_iter(f"{redis_namespace}:{QUEUE}*")) == sorted(waiting)
    consumer.ack(notification)
    again = next(consumer)
    assert again is not None
    assert again.message_id == notification.message_id
    consumer.close()


def test_redis_hears_nothing_of_notifications_that_were_never_there(
    redis_url: str, redis_namespace: str
) -> None:
    broker = make_broker(ListeningBroker, redis_url, redis_namespace, timeout=1)
    consumer = ListeningConsumer(broker, QUEUE.value, 1, 0)
    notification = MessageProxy(Message(QUEUE.value, ActorName.APPLY_SEPARATE.value, (), {}, {}))
    before = list(broker.client.scan_iter(f"{redis_namespace}*"))

    consumer.ack(notification)
    consumer.requeue([notification])

    assert list(broker.client.scan_iter(f"{redis_namespace}*")) == before
    consumer.close()
