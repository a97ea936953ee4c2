"""Workers that come back from the dead, and workers whose clock is wrong: nothing is committed twice, or stolen."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import groupby

import psutil

from tests.faults.chaos.ledger import Ledger, Move
from tests.faults.chaos.posting import posting
from tests.faults.chaos.processes import AHEAD_MODULE, command, workers
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.waiting import wait_until

LEASE = 2.0  # seconds
WORK = 1.5  # seconds that each piece of work takes
PACE = 4.0  # posts a second
WAIT_SECONDS = 60.0
CUT_OFF = "Postgres is out of reach"
REFUSED = "the claim was lost"  # what a worker says whose commit touched no row
AHEAD = "python -m tests.faults.chaos.scripted_pool worker ahead_process"


def zombies(seed: int, full: bool) -> Result:
    """Workers are stopped for longer than their lease and continued; beside them work others in the future."""
    freezes = 8 if full else 1
    more = {f"{queue}_ahead": f"{AHEAD} {queue}" for queue in ("transcribe", "synthesize")}
    audio = recording("silence.wav")
    with world(seed, latency=WORK, lease_seconds=LEASE, more=more) as it:
        ledger = Ledger(it)

        def post() -> None:
            it.oracle.post_texts(1)
            if full and it.chance.random() < 0.3:
                it.oracle.post_recordings(audio, 1, script=f"seconds={WORK}")

        with posting(it, PACE, post):
            while it.hits < freezes:
                it.hits += _freeze(it, ledger)
            wait_until(lambda: _ended_ahead(it, ledger), WAIT_SECONDS)
        outcome = result("workers frozen past their lease, or ahead of time", it, WAIT_SECONDS)
        moves, ended = ledger.moves(), _ended_ahead(it, ledger)
        refused = sum(1 for line in it.log if REFUSED in line)
    assert trespasses(moves) == []
    measured = {"commits refused": str(refused), "parts ended by those 120 s ahead": str(ended)}
    return replace(outcome, measured=measured)


def _ended_ahead(it: World, ledger: Ledger) -> int:
    """How many parts those whose clock is ahead have completed."""
    ahead = {process.pid for process in workers(it.processes()) if AHEAD_MODULE in command(process)}
    return sum(1 for move in ledger.moves() if move.process in ahead and move.after == "completed")


def trespasses(moves: Iterable[Move]) -> list[Move]:
    """What was taken from a worker before its lease ended, or was ended by one that no longer held it."""
    found = []
    for _, group in groupby(moves, key=lambda move: move.part):
        holder: Move | None = None
        for move in group:
            if move.before == "processing" and holder is not None:
                others = move.process != holder.process
                by_a_worker = others and move.process is not None
                early = others and (move.lease is None or move.at < move.lease)
                if by_a_worker or early or move.attempt != holder.attempt:
                    found.append(move)
            holder = move if move.claims else None
    return found


def _freeze(it: World, ledger: Ledger) -> bool:
    """A worker in the middle of a piece of work, until another has taken that. Returns whether it tried to commit it.

    It doesn't where it was stopped in an exchange with Postgres, which it finds broken off.
    """
    claim = _at_work(it, ledger)
    worker = psutil.Process(claim.process)
    worker.suspend()
    try:
        wait_until(lambda: _taken_over(ledger, claim), WAIT_SECONDS)
    finally:
        with suppress(psutil.NoSuchProcess):
            worker.resume()

    def says(line: str, what: str) -> bool:
        return what in line and f"attempt={claim.attempt} part={claim.part} " in line

    wait_until(lambda: any(says(line, REFUSED) or says(line, CUT_OFF) for line in it.log), WAIT_SECONDS)
    return any(says(line, REFUSED) for line in it.log)


def _at_work(it: World, ledger: Ledger) -> Move:
    """The claim of a part that is in the middle of its work."""
    found: list[Move] = []

    def working() -> bool:
        now = time.time()
        last = {move.part: move for move in ledger.moves()}  # they come in each part's order
        found.extend(
            move
            for move in last.values()
            if move.claims and move.process is not None and WORK / 4 < now - move.at < WORK / 2
        )
        return bool(found)

    wait_until(working, WAIT_SECONDS)
    return it.chance.choice(found)


def _taken_over(ledger: Ledger, claim: Move) -> bool:
    return any(
        move.part == claim.part and move.claims and move.attempt > claim.attempt for move in ledger.moves()
    )
