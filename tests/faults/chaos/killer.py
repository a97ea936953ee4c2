"""Workers and those that keep them, killed one after the other, each watched until its pool works again."""

import re
import time
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.processes import command, living, masters, workers
from tests.faults.chaos.world import ORPHANS_LIVE, World
from tests.support.waiting import wait_until
from workers.pools import PROCESS_READY

MASTERS = 0.15  # share of the kills that hit one who keeps a pool
TABLES = {"transcribe": "smelt_files", "synthesize": "smelt_outputs"}


@dataclass
class Killer:
    """`deaths`: worker → when it was killed, by the machine's clock. The lists hold seconds."""

    world: World
    ledger: Ledger
    wait_seconds: float  # seconds for a pool to work again
    queues: Collection[str] | None = None  # whose workers are hit; None: all
    deaths: dict[int, float] = field(default_factory=dict)
    returns: list[float] = field(default_factory=list)  # of a pool, after the death of a child
    master_returns: list[float] = field(default_factory=list)
    orphans: list[float] = field(default_factory=list)  # that processes lived on after those that kept them

    def kill_one(self, world: World) -> None:
        """A random worker, now and then a master. Returns once the pool works again and nobody is left behind."""
        own = world.processes()
        keeper = world.chance.random() < MASTERS
        targets = [
            process
            for process in (masters(own) if keeper else workers(own))
            if self.queues is None or command(process)[-1] in self.queues
        ]
        if targets:
            self._kill(world.chance.choice(targets), self.master_returns if keeper else self.returns)

    def _kill(self, target: psutil.Process, returns: list[float]) -> None:
        doomed = [target]
        with suppress(psutil.NoSuchProcess):
            doomed += target.children(recursive=True)
        dying = workers(doomed)
        # Some workers of the transcribe pool have a queue of their own, for short recordings.
        lost = Counter(command(process)[-1].partition("_")[0] for process in dying)
        deaths = [process.pid for process in dying]
        line = len(self.world.log)
        started, now = time.monotonic(), time.time()
        with suppress(psutil.NoSuchProcess):
            target.kill()
        self.deaths |= dict.fromkeys(deaths, now)
        wait_until(lambda: not living(doomed), ORPHANS_LIVE)
        if len(doomed) > 1:
            self.orphans.append(time.monotonic() - started)
        wait_until(
            lambda: all(self._works(pool, count, line) for pool, count in lost.items()), self.wait_seconds
        )
        returns.append(time.monotonic() - started)

    def _works(self, pool: str, count: int, line: int) -> bool:
        """Whether as many new workers are ready, and one of them has taken a part if there is one to take.

        `line`: of the log, where it stood as the old ones died.
        """
        ready = re.compile(rf"{pool}\w* \| \S+ info +\w+ (\d+) workers\.pools\.process: {PROCESS_READY}")
        newcomers = [int(found[1]) for text in self.world.log[line:] if (found := ready.fullmatch(text))]
        if len(newcomers) < count:
            return False
        table = TABLES.get(pool)
        if table is None or self.ledger.has_claimed(newcomers):
            return True
        return self.world.query(f"select from {table} where status = 'pending' limit 1") == []
