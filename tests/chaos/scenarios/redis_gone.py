"""Redis loses everything, is away, or hangs: every post is accepted as quickly as ever, and the work goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

from tests.chaos import faults
from tests.chaos.bell import BellWorld, bell_world
from tests.chaos.ledger import Ledger
from tests.chaos.posting import percentile, posting
from tests.chaos.scenario import Result, result
from tests.chaos.world import World, world
from tests.recordings import recording
from tests.waiting import wait_until
from workers.wake import Queue

TICK, ROUND = 1.0, 0.5  # seconds: between two rounds of the reconciler, and what a round may take
PACE = 10.0  # posts a second
QUICK = 0.3  # seconds in which 99 of 100 posts are answered
AWAY, SHORT_AWAY = 60.0, 3.0  # seconds
PATIENCE = 60.0


def redis_flushed(seed: int, full: bool) -> Result:
    """FLUSHALL while work goes on: every message is lost, again and again."""
    hits, every = (10, (5.0, 5.0)) if full else (3, (0.5, 0.5))
    with world(seed, latency=0.05, tick_seconds=TICK) as it:
        with _posts(it), it.under(faults.flush_redis, every):
            wait_until(lambda: it.hits >= hits or it.failed, 2 * hits * every[1] + PATIENCE)
        outcome = result("Redis flushed", it, PATIENCE)
    return replace(outcome, measured={"p99 of the posts": _quick(it.oracle.waits, full)})


def redis_killed(seed: int, full: bool) -> Result:
    """Valkey killed with nothing on disk, again and again; then it stays away, and posts go on."""
    kills = 5 if full else 1
    with bell_world(seed, latency=0.05, tick_seconds=TICK) as rung:

        def leave() -> None:
            for _ in range(kills):
                rung.bell.kill()
                rung.bell.come_back(rung.world)
                _work_on(rung.world)
            rung.bell.kill()

        outcome = _away("Redis killed", rung, leave, lambda: rung.bell.come_back(rung.world), full=full)
        rung.world.hits = rung.bell.returns
        return replace(outcome, hits=rung.bell.returns)


def redis_hangs(seed: int, full: bool) -> Result:
    """Connections stay and nothing is answered."""
    with bell_world(seed, relayed=True, latency=0.05, tick_seconds=TICK) as rung:
        outcome = _away("Redis hangs", rung, rung.way.drop, rung.way.open, full=full)
        return replace(outcome, hits=1)


def _away(
    name: str, rung: BellWorld, leave: Callable[[], None], come_back: Callable[[], None], *, full: bool
) -> Result:
    it = rung.world
    ledger = Ledger(it)
    with _posts(it):
        _work_on(it)
        leave()
        left, first = time.time(), len(it.oracle.waits)
        wait_until(lambda: time.time() > left + (AWAY if full else SHORT_AWAY), AWAY + PATIENCE)
        _work_on(it)
        waits = it.oracle.waits[first:]
        back = time.time()
        come_back()
        wait_until(lambda: rung.bell.listeners(it, Queue.SYNTHESIZE), PATIENCE)
        heard = time.time()
        _work_on(it)
    outcome = result(name, it, PATIENCE)
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
def _posts(it: World) -> Iterator[None]:
    """Texts, and a recording now and then."""
    audio = recording("silence.wav")

    def post() -> None:
        if it.chance.random() < 0.1:
            it.oracle.post_recordings(audio, 1, ("summarize",))
        else:
            it.oracle.post_texts(1)

    with posting(it, PACE, post):
        yield


def _work_on(it: World) -> None:
    """Until something more is done than was."""
    done = it.done_parts()
    wait_until(lambda: it.done_parts() > done, PATIENCE)


def _quick(waits: list[float], full: bool) -> str:
    slow = percentile(waits, 0.99)
    assert not full or slow <= QUICK, f"a post in a hundred took {slow:.2f} s"
    return f"{1000 * slow:.0f} ms"
