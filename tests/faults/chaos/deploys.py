"""Pools asked to stop and started again, as a rolling deploy does, each watched until its processes have ended."""

import signal
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil

from tests.faults.chaos.processes import living, masters, workers
from tests.faults.chaos.world import World
from tests.support.waiting import wait_until


@dataclass
class Deploys:
    """`asked`: worker → when its pool was asked to stop, by the machine's clock. `signals`: of each pool.

    `ends`: seconds from the signal until all processes of the pool had ended.
    """

    world: World
    wait_seconds: float  # seconds in which a pool must have ended
    asked: dict[int, float] = field(default_factory=dict)
    signals: Counter[str] = field(default_factory=Counter)
    ends: list[float] = field(default_factory=list)

    def roll(self, pool: str) -> None:
        """SIGTERM to one pool; returns once all of its processes have ended. Its starter starts it again."""
        own = self.world.processes()
        [master] = masters(own, pool)
        old = [master, *master.children(recursive=True)]
        now, started = time.time(), time.monotonic()
        self.asked |= {process.pid: now for process in workers(old)}
        self.signals[pool] += 1
        self.world.hits += 1
        master.send_signal(signal.SIGTERM)
        wait_until(lambda: not living(old), self.wait_seconds)
        self.ends.append(time.monotonic() - started)

    def is_back(self, pool: str) -> bool:
        """Whether the pool has a worker again that wasn't asked to stop."""
        return any(process.pid not in self.asked for process in self._workers(pool))

    def _workers(self, pool: str) -> list[psutil.Process]:
        return [
            worker
            for master in masters(self.world.processes(), pool)
            for worker in workers(master.children())
        ]
