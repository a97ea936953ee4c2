"""Clients cancel and delete what is being worked on, while workers are killed: no compute goes on for it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx

from tests.faults.chaos import faults
from tests.faults.chaos.compute import Compute
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.llm_server import Step
from tests.support.waiting import wait_until

STOPPED_WITHIN = 2.0  # seconds from the answer
WAIT_SECONDS = 60.0
STALLING = Step(stall_after=2)  # a few words, then nothing until the client leaves
WAYS = ("cancel", "delete content", "delete")
KEPT = WAYS[:2]  # leave the smelt's row, by which its charge is judged


@dataclass
class _Withdrawn:
    """`at`: when each smelt's withdrawal was answered, by the machine's clock. `stops`: seconds until nothing ran."""

    at: dict[str, float] = field(default_factory=dict)
    stops: list[float] = field(default_factory=list)
    too_late: int = 0


def withdrawals(seed: int, full: bool) -> Result:
    rounds, races, every = (24, 60, (1.0, 3.0)) if full else (4, 8, (1.0, 2.0))
    with world(seed, transcribe_slots=2, synthesize_slots=4) as it:
        ledger, withdrawn = Ledger(it), _Withdrawn()
        with it.under(faults.kill_worker, every):
            it.llm.default = STALLING
            for number in range(rounds):
                _stop_one(it, withdrawn, number, STOPPED_WITHIN if full else WAIT_SECONDS)
            it.llm.default = Step(latency=0.1)
            for _ in range(races):
                _race(it, withdrawn)
        outcome = result("smelts canceled and deleted", it, WAIT_SECONDS)
        moves, ends = ledger.moves(), ledger.ends()
    late = [move for move in moves if move.at > withdrawn.at.get(move.smelt, move.at)]
    assert not late, f"moved after it was withdrawn: {late}"
    assert len(ends) == len({smelt for smelt, _, _ in ends}), "a smelt has ended twice"
    measured = {
        "withdrawn": str(len(withdrawn.at)),
        "had ended before": str(withdrawn.too_late),
        "slowest end of compute": f"{max(withdrawn.stops):.1f} s",
    }
    return replace(outcome, measured=measured)


def _stop_one(it: World, withdrawn: _Withdrawn, number: int, within: float) -> None:
    """Recordings or texts that take for ever, taken back while they are being worked on."""
    work = _begin(it, recordings=number % 2 == 0)
    wait_until(lambda: work.running(it), WAIT_SECONDS)
    assert _withdraw(it, withdrawn, work.smelt, WAYS)
    started = time.monotonic()
    wait_until(lambda: not work.running(it), within)
    withdrawn.stops.append(time.monotonic() - started)


def _begin(it: World, *, recordings: bool) -> Compute:
    if not recordings:
        smelt = it.oracle.post_texts(3)
        return Compute(smelt, (), it.oracle.items[-3:])
    smelt = it.oracle.post_recordings(recording("silence.wav"), 3, ("summarize",), script="seconds=300")
    files = [str(file) for (file,) in it.query("select id from smelt_files where smelt_id = %s", smelt)]
    return Compute(smelt, files, ())


def _race(it: World, withdrawn: _Withdrawn) -> None:
    """A quick smelt, taken back at about the time at which it ends."""
    smelt = it.oracle.post_texts(2)
    time.sleep(it.chance.uniform(0.0, 0.5))
    if not _withdraw(it, withdrawn, smelt, KEPT):
        withdrawn.too_late += 1


def _withdraw(it: World, withdrawn: _Withdrawn, smelt: str, ways: Sequence[str]) -> bool:
    """False: it had ended before, and can't be canceled any more."""
    status = it.oracle.withdraw(smelt, it.chance.choice(ways))
    if status == httpx.codes.CONFLICT:
        return False
    assert status in (httpx.codes.OK, httpx.codes.NO_CONTENT), status
    withdrawn.at[smelt] = time.time()
    return True
