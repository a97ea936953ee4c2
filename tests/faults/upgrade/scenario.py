"""Old alone; today's schema under it; old and new together; new alone. Posts go on all the while."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from db import migrate
from db.migrations import newest
from deploy.supervisor.pool import MARGIN
from deploy.supervisor.processes import COMMANDS
from deploy.supervisor.service import Service
from tests.faults.chaos.ledger import Ledger, Move
from tests.faults.chaos.posting import posting
from tests.faults.chaos.processes import workers
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import SCRIPTED, World, world
from tests.faults.upgrade.previous import PreviousService, previous
from tests.recordings import recording
from tests.support.waiting import wait_until

POSTS = 3.0  # a second
PHASE_SECONDS = 15.0
WAIT_SECONDS = 90.0
SCRIPT = "seconds=1"
QUEUES = {"transcribe", "synthesize"}


def upgrade(seed: int, ref: str | None) -> Result:
    """Raises NoPrevious; AssertionError where a post had no answer, a part failed, or one of the two didn't work."""
    with (
        previous(ref) as before,
        world(seed, make=partial(PreviousService, previous=before), lease_seconds=30, worker_grace=10) as it,
        ExitStack() as stack,
    ):
        ledger = Ledger(it)
        with posting(it, POSTS, partial(_post, it)):
            old = _processes(it)
            _work(ledger, old)
            [(schema,)] = it.query("select version_num from smelt_meta.migrations")
            began = time.monotonic()
            migrate.upgrade(it.service.owner_url)
            took = time.monotonic() - began
            alone = _work(ledger, old)
            service = stack.enter_context(_new(it))
            it.oracle.post_to(it.service.address, service.address)
            new = _processes(it) - old
            together = min(_work(ledger, old), _work(ledger, new))
            assert _processes(it) == old | new, "a process died"
            it.oracle.post_to(service.address)
            assert it.service._processes is not None
            it.service._processes.stop(it.service.settings.worker_grace + MARGIN)
            it.hits = 1
            after = _work(ledger, new)
        outcome = result(f"upgrade from {before.ref}", it, WAIT_SECONDS)
        moves = ledger.moves()
        failed = [move for move in moves if move.failures or move.after == "failed"]
        assert not failed, f"failures were counted: {failed}"
    measured = {
        "schema": f"{schema} to {newest()} in {took:.2f} s",
        "claims of the old on the new schema": str(alone),
        "of each beside the other, at least": str(together),
        "of the new alone": str(after),
        "given back": str(sum(_given_back(move) for move in moves)),
    }
    return replace(outcome, measured=measured)


def _post(it: World) -> None:
    if it.chance.random() < 0.5:
        it.oracle.post_texts(2)
    else:
        it.oracle.post_recordings(recording("silence.wav"), 1, ("summarize",), script=SCRIPT, texts=1)


def _processes(it: World) -> set[int]:
    """The workers there are, by process id."""
    return {process.pid for process in workers(it.processes())}


def _work(ledger: Ledger, processes: set[int]) -> int:
    """For a while; how many claims these made meanwhile. Each of the queues must have been worked on by them."""
    before = len(_claims(ledger, processes))
    time.sleep(PHASE_SECONDS)
    wait_until(lambda: {move.queue for move in _claims(ledger, processes)[before:]} >= QUEUES, WAIT_SECONDS)
    return len(_claims(ledger, processes)) - before


def _claims(ledger: Ledger, processes: set[int]) -> list[Move]:
    claims = [move for move in ledger.moves() if move.claims and move.process in processes]
    return sorted(claims, key=lambda move: move.at)


@contextmanager
def _new(it: World) -> Iterator[Service]:
    """This release's processes on the same engines and the same content; its API at an address of its own."""
    with TemporaryDirectory(prefix="smelt-after-", dir="/tmp") as folder:
        changes: dict[str, object] = {
            "data_dir": Path(folder) / "data",
            "port": 0,
            "migration_database_url": SecretStr(it.service.owner_url),
        }
        settings = it.service.settings.model_copy(update=changes)
        service = Service(
            settings,
            lambda name, line: it.log.append(f"new {name} | {line}"),
            isolated=True,
            commands={**COMMANDS, **SCRIPTED},
        )
        with service:
            yield service


def _given_back(move: Move) -> bool:
    return move.before == "processing" and move.after == "pending"
