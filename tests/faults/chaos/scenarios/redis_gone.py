"""Redis loses everything, is away, or hangs: every post is accepted as quickly as ever, and the work goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

from tests.faults.chaos import faults
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.posting import percentile, posting
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.valkey_world import ValkeyWorld, valkey_world
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue

TICK, ROUND = 1.0, 0.5  # seconds: between two rounds of the reconciler, and what a round may take
PACE = 10.0  # posts a second
QUICK = 0.3  # seconds in which 99 of 100 posts are answered
AWAY, SHORT_AWAY = 60.0, 3.0  # seconds
WAIT_SECONDS = 60.0


def redis_flushed(seed: int, full: bool) -> Result:
    """FLUSHALL while work goes on: every message is lost, again and again."""
    hits, every = (10, (5.0, 5.0)) if full else (3, (0.5, 0.5))
    with world(seed, latency=0.05, tick_seconds=TICK) as it:
        with posts(it), it.under(faults.flush_redis, every):
            wait_until(lambda: it.hits >= hits or it.failed, 2 * hits * every[1] + WAIT_SECONDS)
        outcome = result("Redis flushed", it, WAIT_SECONDS)
    return replace(outcome, measured={"p99 of the posts": _quick(it.oracle.waits, full)})


def redis_killed(seed: int, full: bool) -> Result:
    """Valkey killed with nothing on disk, again and again; then it stays away, and posts go on."""
    kills = 5 if full else 1
    with valkey_world(seed, latency=0.05, tick_seconds=TICK) as it_has:

        def leave() -> None:
            for _ in range(kills):
                it_has.server.kill()
                it_has.server.come_back(it_has.world)
                work_on(it_has.world)
            it_has.server.kill()

        outcome = _away(
            "Redis killed", it_has, leave, lambda: it_has.server.come_back(it_has.world), full=full
        )
        it_has.world.hits = it_has.server.returns
        return replace(outcome, hits=it_has.server.returns)


def redis_hangs(seed: int, full: bool) -> Result:
    """Connections stay and nothing is answered."""
    with valkey_world(seed, relayed=True, latency=0.05, tick_seconds=TICK) as it_has:
        outcome = _away("Redis hangs", it_has, it_has.way.drop, it_has.way.open, full=full)
        return replace(outcome, hits=1)


def _away(
    name: str, it_has: ValkeyWorld, leave: Callable[[], None], come_back: Callable[[], None], *, full: bool
) -> Result:
    it = it_has.world
    ledger = Ledger(it)
    with posts(it):
        work_on(it)
        leave()
        left, first = time.time(), len(it.oracle.waits)
        wait_until(lambda: time.time() > left + (AWAY if full else SHORT_AWAY), AWAY + WAIT_SECONDS)
        work_on(it)
        waits = it.oracle.waits[first:]
        back = time.time()
        come_back()
        wait_until(lambda: it_has.server.listeners(it, Queue.SYNTHESIZE), WAIT_SECONDS)
        heard = time.time()
        work_on(it)
    outcome = result(name, it, WAIT_SECONDS)
    claims = sorted(move.at for move in ledger.moves() if move.claims)
    after = min(at for at in claims if at > back) - back
    meanwhile = [left, *(at for at in claims if left < at < back), back]
    longest = max(later - earlier for earlier, later in pairwise(meanwhile))
    assert not full or max(after, longest) <= 2 * TICK + ROUND
    measured = {
        "away for": f"{back - left:.0f} s",
        "posts meanwhile": str(len(waits)),
        "their p99": _quick(waits, full),
        "claims meanwhile": str(len(meanwhile) - 2),
        "longest without one": f"{longest:.1f} s",
        "first claim after the return": f"{after:.2f} s of two ticks of {TICK:g} s",
        "workers listen again after": f"{heard - back:.1f} s",
    }
    return replace(outcome, measured=measured)


@contextmanager
def posts(it: World) -> Iterator[None]:
    """Texts, and a recording now and then."""
    audio = recording("silence.wav")

    def post() -> None:
        if it.chance.random() < 0.1:
            it.oracle.post_recordings(audio, 1, ("summarize",))
        else:
            it.oracle.post_texts(1)

    with posting(it, PACE, post):
        yield


def work_on(it: World) -> None:
    """Until something more is done than was."""
    done = it.done_parts()
    wait_until(lambda: it.done_parts() > done, WAIT_SECONDS)


def _quick(waits: list[float], full: bool) -> str:
    slow = percentile(waits, 0.99)
    assert not full or slow <= QUICK, f"a post in a hundred took {slow:.2f} s"
    return f"{1000 * slow:.0f} ms"
