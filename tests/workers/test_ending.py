"""A process that was asked to stop ends when the last of its threads has, and not before."""

import threading
import time

import dramatiq
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker

from tests.waiting import wait_until
from workers.ending import end

THREADS = 30


def test_each_of_many_threads_is_waited_for() -> None:
    broker = StubBroker()
    begun: list[int] = []
    done: list[int] = []
    stopping = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        stopping.wait(30)
        time.sleep(
            1.0 + number / 15
        )  # each takes a little longer than the one before to give back what it runs
        done.append(number)

    actor = dramatiq.actor(broker=broker)(work)
    worker = Worker(broker, worker_threads=THREADS)
    worker.start()
    for number in range(THREADS):
        actor.send(number)
    wait_until(lambda: len(begun) == THREADS)
    stopping.set()
    end(worker)
    assert sorted(done) == list(range(THREADS))
