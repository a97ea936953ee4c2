"""Clients that go on posting while a scenario does its worst, and one that asks whether the service is well."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.faults.chaos.world import World

PAUSE = 0.5  # seconds between two posts of one client


@dataclass
class Health:
    """What /readyz and /healthz have said: seconds since the epoch, status, seconds it took."""

    ready: list[tuple[float, int, float]] = field(default_factory=list)
    alive: list[tuple[float, int, float]] = field(default_factory=list)

    def ready_since(self, moment: float) -> bool:
        return any(asked >= moment and status == httpx.codes.OK for asked, status, _ in self.ready)

    def unready_since(self, moment: float) -> bool:
        return any(
            asked >= moment and status == httpx.codes.SERVICE_UNAVAILABLE for asked, status, _ in self.ready
        )

    @property
    def slowest_ready(self) -> float:
        return max(took for _, _, took in self.ready)

    @property
    def slowest_alive(self) -> float:
        return max(took for _, _, took in self.alive)


@contextmanager
def load(it: World, clients: int, texts: int = 2) -> Iterator[Health]:
    """`clients` that post `texts` texts each, again and again, until the block ends; who is refused repeats."""
    over = threading.Event()
    errors: list[BaseException] = []
    health = Health()

    def post() -> None:
        it.oracle.post_texts(texts)
        over.wait(PAUSE)

    def ask(path: str, answers: list[tuple[float, int, float]]) -> None:
        asked = time.time()
        status = httpx.get(f"{it.service.address}{path}", timeout=60, trust_env=False).status_code
        answers.append((asked, status, time.time() - asked))
        over.wait(PAUSE)

    def until_over(step: Callable[[], None]) -> None:
        try:
            while not over.is_set():
                step()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread below
            errors.append(error)

    steps = [post] * clients + [lambda: ask("/readyz", health.ready), lambda: ask("/healthz", health.alive)]
    threads = [threading.Thread(target=until_over, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield health
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def returns(conditions: Mapping[str, Callable[[], object]], within: float) -> dict[str, float]:
    """Waits until every condition was true once; the seconds after which each was, by name."""
    started = time.monotonic()
    seconds: dict[str, float] = {}
    while missing := [name for name in conditions if name not in seconds]:
        for name in missing:
            if conditions[name]():
                seconds[name] = time.monotonic() - started
        assert time.monotonic() < started + within, f"not back within {within:g} s: {missing}"
        time.sleep(0.05)
    return seconds
