"""Postgres dies or can't be reached: posts are answered 503, never a false 202, and all comes back by itself."""

import time
from collections.abc import Callable, Mapping

import psycopg

from tests.faults.chaos import faults
from tests.faults.chaos.load import Health, load, returns
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.support.waiting import wait_until

BACK_WITHIN = 15.0  # seconds from Postgres's return until API and workers do their work again
WAIT_SECONDS = 60.0  # for the same where other work has the cores
BETWEEN = 10.0  # seconds of load between two kills


def postgres_killed(seed: int, full: bool) -> Result:
    """Every process of it at once, again and again, under load."""
    kills, within, wait_seconds = (5, BACK_WITHIN, 600) if full else (2, WAIT_SECONDS, 120)
    recoveries = []
    with world(seed, latency=0.05, max_attempts=3) as it:
        with load(it, clients=4) as health:
            for _ in range(kills):
                _work_a_while(it, BETWEEN if full else 1.0)
                faults.kill_postgres(it)
                it.hits += 1
                wait_until(lambda: answers(it), WAIT_SECONDS)
                recoveries.append(returns(signs_of_life(it, health), within))
        outcome = result("Postgres killed", it, wait_seconds)
        assert failures(it) == 0, "smelts failed, and nothing was wrong with them"
    outcome.measured["back after each kill"] = ", ".join(f"{max(each.values()):.1f} s" for each in recoveries)
    return outcome


def signs_of_life(it: World, health: Health) -> Mapping[str, Callable[[], object]]:
    """That each part of the service works again, from this moment on; for one whose Postgres answers."""
    now, accepted, done = time.time(), len(it.oracle.accepted), it.done_parts()
    it.execute("delete from schedule_runs where job = 'purge_content'")
    return {
        "ready": lambda: health.ready_since(now),
        "posts": lambda: len(it.oracle.accepted) > accepted,
        "workers": lambda: it.done_parts() > done,
        "reconciler": lambda: it.query("select 1 from schedule_runs where job = 'purge_content'"),
    }


def answers(it: World) -> bool:
    """Whether Postgres does, to those who reach it."""
    try:
        return bool(it.query("select 1"))
    except psycopg.OperationalError:
        return False


def failures(it: World) -> object:
    [(count,)] = it.query("select count(*) from smelts where status = 'failed'")
    return count


def _work_a_while(it: World, seconds: float) -> None:
    """Until something more is done, and at least so long."""
    started, done = time.monotonic(), it.done_parts()
    wait_until(lambda: it.done_parts() > done and time.monotonic() > started + seconds, WAIT_SECONDS)
