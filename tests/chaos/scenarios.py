"""The scenarios: each makes one fault, again and again, under load, and says what came of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos import faults
from tests.chaos.invariants import Verdict
from tests.chaos.world import World, world
from tests.recordings import recording


@dataclass(frozen=True)
class Size:
    """`smelts` are posted under at least `hits` faults; `patience` (seconds) is for all of them to end."""

    smelts: int
    hits: int
    patience: float


SHORT = Size(smelts=8, hits=2, patience=90)
FULL = Size(smelts=150, hits=20, patience=600)


@dataclass(frozen=True)
class Result:
    name: str
    hits: int
    verdict: Verdict
    slowest_post: float  # seconds
    refusals: int
    recovery: float  # seconds from the last fault to the end of all work


Scenario = Callable[[int, Size], Result]


def kill_storm(seed: int, size: Size) -> Result:
    """Worker children killed every second or two, masters now and then, under recordings and texts."""
    audio = recording("speech.wav")
    with world(seed, latency=0.05) as it:
        with it.under(faults.kill_worker, (0.5, 2.0)):
            for n in range(size.smelts):
                it.oracle.post_texts(5, ("summarize", "action_items"))
                if n % 5 == 0:
                    it.oracle.post_recordings(audio, 2)
            _keep_up(it, 0.3, size)
        return _result("workers and masters killed", it, size)


def redis_flushed(seed: int, size: Size) -> Result:
    """FLUSHALL while work goes on: every message is lost, again and again."""
    with world(seed, latency=0.05) as it:
        with it.under(faults.flush_redis, (0.2, 1.0)):
            for _ in range(size.smelts):
                it.oracle.post_texts(3)
            _keep_up(it, 0.3, size)
        return _result("Redis flushed", it, size)


def redis_killed(seed: int, size: Size) -> Result:
    """Valkey killed under load; posts go on without it."""
    with world(seed, latency=0.05) as it:
        with it.under(faults.kill_valkey, (1.0, 4.0)):
            for _ in range(size.smelts):
                it.oracle.post_texts(3)
            _keep_up(it, 0.3, size)
        return _result("Redis killed", it, size)


def postgres_killed(seed: int, size: Size) -> Result:
    """Postgres killed under load: posts are answered 503 and repeated, workers come back by themselves."""
    with world(seed, latency=0.05) as it:
        for _ in range(min(5, size.hits)):
            for _ in range(size.smelts // min(5, size.hits)):
                it.oracle.post_texts(3)
            faults.kill_postgres(it)
            it.hits += 1
        return _result("Postgres killed", it, size)


def zombies(seed: int, size: Size) -> Result:
    """Workers stopped for longer than their lease and continued: their commits touch no row."""
    with world(seed, latency=1.0, lease_seconds=2) as it:
        with it.under(faults.freeze_worker, (0.5, 1.0)):
            for _ in range(size.smelts):
                it.oracle.post_texts(2)
            _keep_up(it, 0.5, size)
        return _result("workers frozen past their lease", it, size)


def rolling_deploy(seed: int, size: Size) -> Result:
    """SIGTERM to one pool after the other: what can't be finished in the grace is given back, nothing fails."""
    with world(seed, latency=0.5) as it:
        with it.under(faults.stop_pool, (2.0, 4.0)):
            for _ in range(size.smelts):
                it.oracle.post_texts(2)
            _keep_up(it, 0.5, size)
        return _result("pools restarted", it, size)


SCENARIOS: tuple[Scenario, ...] = (
    kill_storm,
    redis_flushed,
    redis_killed,
    postgres_killed,
    zombies,
    rolling_deploy,
)


def _keep_up(it: World, share: float, size: Size) -> None:
    """Lets the storm go on until this share of the texts' parts is done and enough faults were made."""
    wanted = share * len(it.oracle.items)
    deadline = time.monotonic() + size.patience
    while (it.done_parts() < wanted or it.hits < size.hits) and time.monotonic() < deadline:
        time.sleep(0.2)


def _result(name: str, it: World, size: Size) -> Result:
    recovery = it.settle(size.patience)
    return Result(name, it.hits, it.judge(), max(it.oracle.waits), it.oracle.refusals, recovery)
