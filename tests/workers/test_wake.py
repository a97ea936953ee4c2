"""Ringing is best effort: heard when Redis is there, quick and harmless when it isn't."""

import time

import pytest

from workers.wake import Doorbell, Queue, Wake

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
