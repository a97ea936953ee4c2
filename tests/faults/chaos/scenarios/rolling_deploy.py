"""Pools are asked to stop and started again, one after the other, as a deploy does."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from deploy.supervisor.pool import MARGIN
from tests.faults.chaos.deploys import Deploys
from tests.faults.chaos.ledger import Ledger, Move
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.waiting import wait_until

TABLES = {"transcribe": "smelt_files", "synthesize": "smelt_outputs"}
POOLS = (*TABLES, "deliver", "maintenance")
AT_ONCE = 0.5  # seconds; a claim that was under way as the signal came is no new one
WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Size:
    task: float  # seconds that each recording and each text takes
    grace: float
    every: float  # seconds between two signals to the same pool
    rounds: int
    recordings: int
    texts: int  # that a pool is given when it has nothing to do


FULL = _Size(task=45.0, grace=20.0, every=60.0, rounds=2, recordings=4, texts=20)
SHORT = _Size(task=4.0, grace=1.0, every=0.0, rounds=1, recordings=3, texts=4)


def rolling_deploy(seed: int, full: bool) -> Result:
    """What can't be finished in the grace is given back and begun again; nothing fails, and nothing starves."""
    size = FULL if full else SHORT
    with world(
        seed, latency=size.task, worker_grace=size.grace, transcribe_slots=2, transcribe_short_slots=0
    ) as it:
        ledger = Ledger(it)
        deploys = Deploys(it, size.grace + MARGIN + (0 if full else WAIT_SECONDS))
        for number in range(size.rounds):
            began = time.monotonic()
            for pool in POOLS:
                _employ(it, pool, size)
                deploys.roll(pool)
                wait_until(partial(deploys.is_back, pool), WAIT_SECONDS)
            if number + 1 < size.rounds:
                time.sleep(max(0.0, began + size.every - time.monotonic()))
        outcome = result("pools restarted", it, 5 * size.task + WAIT_SECONDS)
        moves = ledger.moves()
    late = [move for move in moves if _claimed_late(move, deploys)]
    assert not late, f"claimed after the signal: {late}"
    failed = [move for move in moves if move.failures or move.after == "failed"]
    assert not failed, f"failures were counted: {failed}"
    extra = _extra_attempts(moves)
    most = {pool: max(count for queue, count in extra if queue == pool) for pool in TABLES}
    assert all(count <= deploys.signals[pool] for pool, count in most.items()), most
    given_back = Counter(
        move.queue for move in moves if move.before == "processing" and move.after == "pending"
    )
    assert given_back.keys() == TABLES.keys()
    measured = {
        "given back": str(given_back.total()),
        "most extra attempts of a part": f"{max(most.values())} of {size.rounds} signals",
        "slowest stop": f"{max(deploys.ends):.1f} s of a grace of {size.grace:g} s",
        "tasks of": f"{size.task:g} s",
    }
    return replace(outcome, measured=measured)


def _employ(it: World, pool: str, size: _Size) -> None:
    """Waits until the pool is at work; gives it some first if it has none left."""
    table = TABLES.get(pool)
    if table is None:
        return
    if not it.query(f"select from {table} where finished_at is null limit 1"):
        if pool == "transcribe":
            it.oracle.post_recordings(
                recording("silence.wav"), size.recordings, script=f"seconds={size.task}"
            )
        else:
            it.oracle.post_texts(size.texts)
    wait_until(lambda: it.query(f"select from {table} where status = 'processing' limit 1"), WAIT_SECONDS)


def _claimed_late(move: Move, deploys: Deploys) -> bool:
    asked = deploys.asked.get(move.process or 0)
    return move.claims and asked is not None and move.at > asked + AT_ONCE


def _extra_attempts(moves: Sequence[Move]) -> list[tuple[str, int]]:
    """(queue, attempts beyond the first) of each part."""
    last = {move.part: move for move in moves}
    return [(move.queue, move.attempt - 1) for move in last.values()]
