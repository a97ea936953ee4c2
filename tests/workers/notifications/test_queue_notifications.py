"""Ringing is best effort: heard when Redis is there, quick and harmless when it isn't."""

import socket
import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from redis.connection import AbstractConnection

from db.work.tables import TABLES
from pipeline.circuit import Circuit
from tests.support.waiting import wait_until
from workers.notifications.queue_notifications import (
    EXCHANGE_SECONDS,
    QueueNotifier,
    changes_channel,
    make_circuit,
)
from workers.notifications.queues import ActorName, Queue
from workers.notifications.redis_client import make_client
from workers.pools.slots import POOLS

NOBODY = "redis://127.0.0.1:1/0"  # nothing listens on port 1


@pytest.mark.parametrize("actor", list(ActorName))
def test_each_notification_arrives_on_its_queue(
    redis_url: str, redis_namespace: str, actor: ActorName
) -> None:
    notifier = QueueNotifier(redis_url, redis_namespace)

    assert notifier.notify(actor, 2)

    counts = {queue: notifier.waiting(queue) for queue in Queue}
    notifier.close()
    assert counts == {queue: 2 if queue is actor.queue else 0 for queue in Queue}


def test_actors_of_one_queue_may_run_one_anothers_rows() -> None:
    for actor in ActorName:
        assert actor.queue.actor.route == actor.route


def test_a_pool_is_named_after_the_queue_of_those_who_claim_all_its_rows() -> None:
    for actor in ActorName:
        pool = actor.route.pool
        assert pool.pool is pool
        assert actor.route.only_short == (actor.queue is not pool)


def test_every_table_of_work_has_a_pool_of_its_own() -> None:
    assert [pool.value for pool in POOLS] == [table.queue for table in TABLES]


def test_each_smelt_is_announced_on_a_channel_of_its_own_and_several_in_one_exchange(
    redis_url: str, redis_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges: list[object] = []
    send: Any = AbstractConnection.send_packed_command

    def counted(connection: AbstractConnection, *args: Any, **options: Any) -> None:
        exchanges.append(args)
        send(connection, *args, **options)

    smelts = [uuid4() for _ in range(4)]
    followed = [changes_channel(redis_namespace, smelt_id) for smelt_id in smelts[:3]]
    notifier = QueueNotifier(redis_url, redis_namespace)
    with make_client(redis_url, 5) as store, store.pubsub() as subscription:
        subscription.subscribe(*followed)
        for _ in followed:
            assert subscription.get_message(timeout=5)["type"] == "subscribe"
        assert notifier.announce(smelts[:1])  # connects
        monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
        assert notifier.announce(smelts[1:])
        assert len(exchanges) == 1
        assert notifier.announce(smelts[:1])
        assert len(exchanges) == 2
        heard = [subscription.get_message(timeout=5)["channel"].decode() for _ in range(4)]
    notifier.close()
    assert heard == [*followed, followed[0]]


def test_without_redis_notifying_says_no_and_is_quick() -> None:
    notifier = QueueNotifier(NOBODY, "test")
    started = time.monotonic()

    assert not notifier.notify(ActorName.TRANSCRIBE_FILE, 1_000)
    assert notifier.waiting(Queue.TRANSCRIBE) is None

    assert time.monotonic() - started < 2


def test_a_redis_that_hangs_costs_those_who_share_a_circuit_one_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"  # takes connections, never answers
        circuit = make_circuit(url)
        notifier, other = QueueNotifier(url, "test", circuit), QueueNotifier(url, "test", circuit)
        started = time.monotonic()

        heard = [
            notifier.notify(ActorName.TRANSCRIBE_FILE) for notifier in (notifier, other) for _ in range(50)
        ]
        told = other.announce([uuid4()])

        took = time.monotonic() - started
        notifier.close()
    assert not any(heard)
    assert not told
    assert EXCHANGE_SECONDS <= took < 2 * EXCHANGE_SECONDS


def test_who_was_silent_notifies_again_as_soon_as_redis_answers(redis_url: str, redis_namespace: str) -> None:
    there = threading.Event()
    notifier = QueueNotifier(redis_url, redis_namespace, circuit := Circuit(there.is_set, every=0.01))
    circuit.trip()
    assert not notifier.notify(ActorName.TRANSCRIBE_FILE)

    there.set()

    wait_until(lambda: notifier.notify(ActorName.TRANSCRIBE_FILE), within=2)
    assert notifier.waiting(Queue.TRANSCRIBE) == 1
    notifier.close()
