"""Recordings that kill the process, take all memory, hang in native code, or never come to their end."""

import time
from collections import Counter
from dataclasses import replace

from tests.faults.chaos.processes import decoders, speech_children, workers
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.waiting import wait_until

POISONS = {"kill": "worker_lost", "memory": "worker_lost", "hang": "timed_out", "crawl": "timed_out"}
"""script → the code that its recordings end with."""
POISONER, OTHERS = 0, 12  # tenants
SLOTS = 2
STALL = 2.0  # seconds until an engine that doesn't get on is given up
WORK = 0.5  # seconds that a healthy recording takes
KEPT = 0.8  # of the others' rate, at least
FLOOD = 12  # more of those that hang, which would have most of the slots at their plain cost
AT_ONCE = 5.0  # seconds for a healthy recording when the pool is idle


def poison(seed: int, full: bool) -> Result:
    """Each fails with its code after as many attempts as it has; the pool is whole, and the others keep their rate."""
    each, attempts, seconds, wait_seconds = (2, 3, 20.0, 300.0) if full else (1, 2, 0.0, 120.0)
    measured = {}
    with world(
        seed,
        users=1 + OTHERS,
        transcribe_slots=SLOTS,
        max_attempts=attempts,
        stall_seconds=STALL,
        slowest_pace=0.5,
    ) as it:
        before = set(workers(it.processes(), "transcribe"))
        if full:
            measured["the others kept"] = f"{_kept(it, each, seconds):.0%} of their rate"
        else:
            _post_poison(it, each)
        it.settle(wait_seconds)
        _check_ends(it, each, attempts)
        took = _healthy(it, wait_seconds)
        assert set(workers(it.processes(), "transcribe")) == before, "a worker died with its engine"
        own = it.processes()
        assert set(decoders(own)) == set(speech_children(own)), "decoding happens where it can do harm"
        assert not full or took <= AT_ONCE, f"a healthy recording took {took:.1f} s afterwards"
        measured["a healthy one afterwards"] = f"{took:.1f} s"
        return replace(result("poisonous recordings", it, wait_seconds), measured=measured)


def _post_poison(it: World, each: int) -> None:
    for script in POISONS:
        it.oracle.post_recordings(recording("speech.wav"), each, script=f"poison={script}", user=POISONER)
        it.hits += each


def _kept(it: World, each: int, seconds: float) -> float:
    """The others' rate with poison beside them, as a share of the one without. They have work at any time."""
    backlog = int(2.4 * seconds * SLOTS / WORK / OTHERS)
    for user in range(1, 1 + OTHERS):
        it.oracle.post_recordings(recording("speech.wav"), backlog, script=f"seconds={WORK}", user=user)
    wait_until(lambda: it.done_parts() > OTHERS, 60)
    without = _done_within(it, seconds)
    _post_poison(it, each)
    flood = it.oracle.post_recordings(recording("speech.wav"), FLOOD, script="poison=hang", user=POISONER)
    beside = _done_within(it, seconds)
    it.oracle.withdraw(flood, "cancel")  # they would take too long to their end
    assert beside >= KEPT * without, (
        f"{beside} recordings in {seconds:g} s beside poison, {without} without it"
    )
    return beside / without


def _done_within(it: World, seconds: float) -> int:
    before = it.done_parts()
    time.sleep(seconds)
    return it.done_parts() - before


def _check_ends(it: World, each: int, attempts: int) -> None:
    """Every attempt was made, none more, and each has the code that tells what happened."""
    rows = it.query(
        """
        select f.id, attempt, failures, f.error_code from smelt_files f join smelts s on s.id = f.smelt_id
        where f.status = 'failed' and s.status <> 'canceled'
        """
    )
    begun = Counter(call.file_id for call in it.speech.calls() if call.event == "begin")
    wrong = [row for row in rows if row[1:3] != (attempts, attempts) or begun[str(row[0])] != attempts]
    assert wrong == [], f"not as many attempts as there are: {wrong}"
    assert Counter(row[3] for row in rows) == Counter({"worker_lost": 2 * each, "timed_out": 2 * each})


def _healthy(it: World, wait_seconds: float) -> float:
    """All engines are back without anybody's asking; returns the seconds that a healthy recording then takes."""
    it.recovered(lambda: len(speech_children(it.processes())) == SLOTS, wait_seconds)
    started = time.monotonic()
    it.oracle.post_recordings(recording("speech.wav"), 1)
    it.settle(wait_seconds)
    return time.monotonic() - started
