"""Ringing is best effort: heard when Redis is there, quick and harmless when it isn't."""

import socket
import threading
import time
from uuid import uuid4

import pytest

from pipeline.circuit import Circuit
from tests.waiting import wait_until
from workers.wake import PATIENCE, Doorbell, Queue, Wake, make_circuit

NOBODY = "redis://127.0.0.1:1/0"  # nothing listens on port 1


@pytest.mark.parametrize("wake", list(Wake))
def test_each_wake_arrives_on_its_queue(redis_url: str, redis_namespace: str, wake: Wake) -> None:
    doorbell = Doorbell(redis_url, redis_namespace)

    assert doorbell.ring(wake, 2)

    counts = {queue: doorbell.waiting(queue) for queue in Queue}
    doorbell.close()
    assert counts == {queue: 2 if queue is wake.queue else 0 for queue in Queue}


def test_without_redis_ringing_says_no_and_is_quick() -> None:
    doorbell = Doorbell(NOBODY, "test")
    started = time.monotonic()

    assert not doorbell.ring(Wake.TRANSCRIBE_FILE, 1_000)
    assert doorbell.waiting(Queue.TRANSCRIBE) is None

    assert time.monotonic() - started < 2


def test_a_redis_that_hangs_costs_those_who_share_a_circuit_one_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"  # takes connections, never answers
        circuit = make_circuit(url)
        doorbell, other = Doorbell(url, "test", circuit), Doorbell(url, "test", circuit)
        started = time.monotonic()

        heard = [bell.ring(Wake.TRANSCRIBE_FILE) for bell in (doorbell, other) for _ in range(50)]
        told = other.announce([uuid4()])

        took = time.monotonic() - started
        doorbell.close()
    assert not any(heard)
    assert not told
    assert PATIENCE <= took < 2 * PATIENCE


def test_who_was_silent_rings_again_as_soon_as_redis_answers(redis_url: str, redis_namespace: str) -> None:
    there = threading.Event()
    doorbell = Doorbell(redis_url, redis_namespace, circuit := Circuit(there.is_set, every=0.01))
    circuit.trip()
    assert not doorbell.ring(Wake.TRANSCRIBE_FILE)

    there.set()

    wait_until(lambda: doorbell.ring(Wake.TRANSCRIBE_FILE), within=2)
    assert doorbell.waiting(Queue.TRANSCRIBE) == 1
    doorbell.close()
