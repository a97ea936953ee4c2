"""Work fails while Redis is away: what is to be tried again is, in time, by the same workers."""

import time
from dataclasses import replace
from itertools import groupby, pairwise

import psutil

from tests.faults.chaos.ledger import Ledger, Move
from tests.faults.chaos.posting import posting
from tests.faults.chaos.processes import workers
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.valkey_world import valkey_world
from tests.faults.chaos.world import World
from tests.recordings import recording
from tests.support.llm_server import STEPS, Step
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue

TICK = 1.0  # seconds
ROUND = 0.5  # seconds that a round of the reconciler may take on top of its tick
ATTEMPTS = 4
PACE = 8.0  # posts a second
AWAY, SHORT_AWAY = 30.0, 2.0  # seconds
WAIT_SECONDS = 60.0


def failing(seed: int, full: bool) -> Result:
    """The language model is unwell and an engine dies during an outage, in which all work comes to its end."""
    with valkey_world(seed, latency=0.05, max_attempts=ATTEMPTS, tick_seconds=TICK) as it_has:
        it = it_has.world
        wait_until(lambda: it_has.server.listeners(it, Queue.SYNTHESIZE) == 1, WAIT_SECONDS)
        ledger, staff = Ledger(it), _staff(it)
        it_has.server.kill()
        killed = time.monotonic()
        it.hits += 1
        errors = int(PACE * (AWAY if full else SHORT_AWAY) / 2)
        it.llm.script.extend([STEPS["unavailable"], Step(latency=0.05)] * errors)
        if full:
            it.oracle.post_recordings(recording("silence.wav"), 1, script="poison=kill")
        with posting(it, PACE, lambda: it.oracle.post_texts(1)):
            wait_until(lambda: not it.llm.script, 4 * AWAY)
        outcome = result("work fails while Redis is down", it, WAIT_SECONDS)
        seconds = time.monotonic() - killed
        it_has.server.come_back(it)
        wait_until(lambda: it_has.server.listeners(it, Queue.SYNTHESIZE) == 1, WAIT_SECONDS)
        assert _staff(it) == staff, "a worker was restarted"
        late = lateness(ledger.moves())
        failed = it.query("select error_code, count(*) from smelt_files where status = 'failed' group by 1")
    assert failed == ([("worker_lost", 1)] if full else [])
    assert len(late) >= errors, "not enough was tried again"
    assert not full or max(late) <= 2 * TICK + ROUND, f"a retry came {max(late):.1f} s after it was due"
    measured = {
        "retries": str(len(late)),
        "latest after it was due": f"{max(late):.1f} s of a tick of {TICK:g} s",
        "Redis away for": f"{seconds:.0f} s, in which all of it ended",
        "workers restarted": "0",
    }
    return replace(outcome, measured=measured)


def lateness(moves: list[Move]) -> list[float]:
    """Of each part that had to wait for its time: how long after that it was claimed again, in seconds."""
    late = []
    for _, group in groupby(moves, key=lambda move: move.part):
        mine = [move for move in group if move.claims or move.before == "processing"]
        late += [claim.at - failure.due for failure, claim in pairwise(mine) if failure.due and claim.claims]
    return late


def _staff(it: World) -> set[psutil.Process]:
    return set(workers(it.processes()))
