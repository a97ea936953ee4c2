"""A process that was asked to stop ends when the last of its threads has, and not before."""

import threading
import time

import dramatiq
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker

from tests.support.waiting import wait_until
from workers.pools.shutdown import end

THREADS = 16


def test_the_last_of_many_threads_is_waited_for() -> None:
    broker = StubBroker()
    begun: list[bool] = []
    done: list[bool] = []
    stopping = threading.Event()

    def work() -> None:
        last = threading.current_thread() is worker.workers[-1]
        begun.append(last)
        stopping.wait(30)
        time.sleep(3.0 if last else 1.0)  # to give back what it runs
        done.append(last)

    actor = dramatiq.actor(broker=broker)(work)
    worker = Worker(broker, worker_threads=THREADS)
    worker.start()
    for _ in range(THREADS):
        actor.send()
    wait_until(lambda: len(begun) == THREADS)
    stopping.set()
    end(worker)
    assert len(done) == THREADS
    assert done.count(True) == 1
