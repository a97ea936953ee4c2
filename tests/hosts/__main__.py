"""`make test-hosts`: hosts by the page's commands. Work goes faster with each; one is cut off, slowed down and killed,
then Redis's host and Postgres's lose power, while clients post.

Exits with 1 where a promise is broken, or where hosts can't be made here.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.backends.backend import NotReachable
from tests.faults.chaos import invariants
from tests.faults.chaos.namespace import NoNamespaces
from tests.faults.chaos.oracle import Oracle
from tests.hosts.deployment import WORKERS, Deployment, deployed
from tests.hosts.network import network
from tests.hosts.work import WAIT_SECONDS, rate, work_on
from tests.recordings import recording
from tests.support.llm_server import Step
from tests.support.waiting import wait_until

CREDITS = 1_000_000
POSTERS = 2
PAUSE = 0.5  # seconds between two posts
AWAY_SECONDS = 30.0  # longer than a lease
SLOW = "2mbit"
BACKLOG, MEASURED = 100, 48  # outputs for each host: to be done, and of these to be timed
TEXTS = 10  # outputs of one smelt
MODEL_SECONDS = 4.0  # for an answer: what two cores do meanwhile for three hosts must not count
LEAST = 0.75  # of what as many hosts would do if none stood in another's way


def main() -> None:
    try:
        with network() as hosts, TemporaryDirectory(prefix="smelt-hosts-", dir="/tmp") as name:
            folder = Path(name)
            folder.chmod(0o755)
            with deployed(hosts, folder) as it:
                try:
                    _tried(it)
                except BaseException as error:
                    error.add_note(it.logs())
                    raise
    except (NoNamespaces, NotReachable) as reason:
        sys.exit(f"NOT RUN: {reason}")


def _tried(it: Deployment) -> None:
    oracle = Oracle(it, 3, random.Random(1), proxied=True)  # noqa: S311 - repeatable, not secret
    _grow(it, oracle)
    with _posting(oracle):
        _lose_a_worker(it)
        _lose_a_server(it, oracle)
    _step("all has ended", lambda: wait_until(lambda: not invariants.unfinished(it, oracle), WAIT_SECONDS))
    verdict = invariants.judge(it, oracle, CREDITS)
    oracle.close()
    print(verdict, f"503s: {oracle.refusals}, without an answer: {len(oracle.silences)}")
    if not verdict.holds:
        sys.exit("a promise was broken")


def _grow(it: Deployment, oracle: Oracle) -> None:
    """What waits for the model goes faster with each host, about as many times as there are."""
    it.model.default = Step(latency=MODEL_SECONDS)
    it.hosts["two"].kill()
    rates: list[float] = []
    for number, name in enumerate(WORKERS, start=1):
        if number > 1:
            it.start(name)
        for _ in range(number * BACKLOG // TEXTS):
            oracle.post_texts(TEXTS)
        work_on(it, *WORKERS[:number])
        rates.append(rate(it, number * MEASURED))
        print(f"hosts: {number}; outputs a second: {rates[-1]:.2f}", flush=True)
        assert rates[-1] > LEAST * number * rates[0], "a further host didn't help"
    it.hosts["three"].kill()
    it.model.default = Step()


def _lose_a_worker(it: Deployment) -> None:
    two = it.hosts["two"]
    _step("both work", lambda: work_on(it, "one", "two"))
    two.cut_off()
    _step("two is cut off: one works", lambda: work_on(it, "one", seconds=AWAY_SECONDS))
    two.heal()
    _step("two is back", lambda: work_on(it, "one", "two"))
    two.slow_down(SLOW)
    _step(f"two has a line of {SLOW}", lambda: work_on(it, "one", "two", seconds=AWAY_SECONDS))
    two.speed_up()
    print(f"killed on two: {two.kill()} processes", flush=True)
    _step("one works alone", lambda: work_on(it, "one", seconds=AWAY_SECONDS))
    it.start("two")
    _step("two was started again", lambda: work_on(it, "one", "two"))


def _lose_a_server(it: Deployment, oracle: Oracle) -> None:
    print(f"Redis's host lost power: {it.hosts['redis'].lose_power()} processes", flush=True)
    _step("both work without Redis", lambda: work_on(it, "one", "two", seconds=AWAY_SECONDS))
    it.hosts["redis"].heal()
    it.servers["redis"]()
    _step("Redis is back", lambda: work_on(it, "one", "two"))
    print(f"Postgres's host lost power: {it.hosts['db'].lose_power()} processes", flush=True)
    unanswered = len(oracle.silences) + oracle.refusals + POSTERS
    _step(
        "posts are refused",
        lambda: wait_until(lambda: len(oracle.silences) + oracle.refusals > unanswered, WAIT_SECONDS),
    )
    it.hosts["db"].heal()
    it.servers["db"]()
    _step("Postgres is back", lambda: work_on(it, "one", "two"))


def _step(name: str, act: Callable[[], object]) -> None:
    began = time.monotonic()
    act()
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


@contextmanager
def _posting(oracle: Oracle) -> Iterator[None]:
    over, errors = threading.Event(), list[BaseException]()

    def post() -> None:
        try:
            while not over.wait(PAUSE):
                oracle.post_texts(2)
                oracle.post_recordings(recording("silence.wav"), 1)
        except BaseException as error:  # noqa: BLE001 - raised by who waits for it
            errors.append(error)

    threads = [threading.Thread(target=post) for _ in range(POSTERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


if __name__ == "__main__":
    main()
