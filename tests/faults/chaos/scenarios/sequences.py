"""A state machine over the work tables: notifications lost, doubled and out of order, and workers that die at
any step.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import make_settings
from tests.faults.chaos.scenario import Result, worldless
from tests.faults.model.run import Played, Share, play
from tests.support.engines import PostgresServer, running_servers

SHORT, FULL = 20, 5_000  # sequences
PROCESSES = 2


def sequences(seed: int, full: bool) -> Result:
    """Every law of `tests/faults/model/invariants.py` holds after each step, or AssertionError is raised:
    nothing is counted.
    """
    processes, count = (PROCESSES, FULL // PROCESSES) if full else (1, SHORT)
    with (
        running_servers(None, None) as servers,
        servers.postgres.migrated_template() as template,
        ExitStack() as stack,
    ):
        shares = [
            stack.enter_context(_share(servers.postgres, template, count, seed * PROCESSES + n))
            for n in range(processes)
        ]
        played = _play_in_parallel(shares) if full else [play(share) for share in shares]
    return worldless(
        "notifications lost, doubled, out of order; workers dead or late at any step",
        sum(one.sequences for one in played),
        accepted=sum(one.accepted for one in played),
        counted="sequences, each to its rest",
    )


def _play_in_parallel(shares: Sequence[Share]) -> list[Played]:
    """Each in a process of its own, forked from none that has connections or threads."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(shares), mp_context=spawn) as pool:
        return list(pool.map(play, shares))


@contextmanager
def _share(postgres: PostgresServer, template: str, count: int, seed: int) -> Iterator[Share]:
    """On a database of its own."""
    with (
        postgres.database(template) as name,
        TemporaryDirectory(prefix="smelt-machine-", dir="/tmp") as folder,
    ):
        settings = make_settings(Path(folder), database_url=postgres.app_url(name))
        yield Share(settings, postgres.owner_url(name), count, seed)
