"""Posts at an even pace, whatever becomes of the service meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.faults.chaos.world import World

CLIENTS = 4  # that share the posts; more than one may be waiting for an answer


@contextmanager
def posting(it: World, per_second: float, post: Callable[[], object]) -> Iterator[None]:
    """Until the block ends. One that is late because its client still waits for an answer is posted after that."""
    over = threading.Event()
    started = time.monotonic()

    def post_every(first: int) -> None:
        number = first
        while not over.wait(max(0.0, started + number / per_second - time.monotonic())):
            post()
            number += CLIENTS

    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(post_every, number) for number in range(CLIENTS)]
        try:
            yield
        finally:
            over.set()
    for client in clients:
        client.result()  # raises what it raised
    refusals, silences = it.oracle.refusals, it.oracle.silences
    assert not refusals, f"{refusals} posts were refused"
    assert not silences, f"posts had no answer: {silences}"


def percentile(seconds: list[float], share: float) -> float:
    """Such as 0.99: the value that so many lie at or below."""
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]
