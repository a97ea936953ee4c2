"""Workers and those that keep them are killed at random, under recordings and texts."""

from dataclasses import replace

from tests.faults.chaos.killer import Killer
from tests.faults.chaos.ledger import Ledger, held
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.waiting import wait_until

LEASE, TICK = 5, 1  # seconds
BACK_WITHIN = 5.0  # seconds until a pool whose child died works again
ROUND = 0.5  # seconds that a round of the reconciler may take on top of its tick
BACKLOG = 60  # parts that wait at any time
WAIT_SECONDS = 60.0  # for the same things where other work has the cores


def kill_storm(seed: int, full: bool) -> Result:
    files, kills, wait_seconds = (2_000, 25, 600) if full else (40, 2, 60)
    threads = 16 if full else 4
    with world(
        seed,
        latency=1.0,
        lease_seconds=LEASE,
        tick_seconds=TICK,
        transcribe_slots=2,
        synthesize_slots=threads,
    ) as it:
        ledger = Ledger(it)
        killer = Killer(it, ledger, BACK_WITHIN if full else WAIT_SECONDS)
        posted = 0
        with it.under(killer.kill_one, (0.5, 2.0)):
            while (posted < files or it.hits < kills) and not it.failed:
                posted += _post(it)
                wait_until(lambda: _waiting(it) < BACKLOG or it.failed, wait_seconds)
        outcome = result("workers and masters killed", it, wait_seconds)
        taken = held(ledger.moves(), killer.deaths)
    rescue = max((each.seconds for each in taken), default=0.0)
    assert taken or not full, "nobody was killed at work"
    assert all(each.next for each in taken)
    assert rescue <= LEASE + TICK + (ROUND if full else WAIT_SECONDS), (
        f"a part was rescued after {rescue:.1f} s"
    )
    measured = {
        "files": str(posted),
        "parts held by the killed": str(len(taken)),
        "slowest rescue": f"{rescue:.1f} s of a lease of {LEASE} s and a tick of {TICK} s",
        "slowest pool back": f"{max(killer.returns, default=0):.1f} s",
        "slowest after a master": f"{max(killer.master_returns, default=0):.1f} s",
        "longest-lived orphan": f"{max(killer.orphans, default=0):.1f} s",
    }
    return replace(outcome, measured=measured)


def _post(it: World) -> int:
    """Recordings and texts; returns how many files."""
    it.oracle.post_recordings(recording("silence.wav"), 10, script="seconds=0.15")
    it.oracle.post_texts(10)
    return 20


def _waiting(it: World) -> int:
    [(count,)] = it.query(
        """
        select (select count(*) from smelt_files where status = 'pending')
            + (select count(*) from smelt_outputs where status = 'pending')
        """
    )
    assert isinstance(count, int)
    return count
