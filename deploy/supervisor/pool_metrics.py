"""The metrics port of a pool: what its processes have counted, and whether each of them is ready.

The port is the pool's, not a process's: who scrapes need not know how many there are, and a process that has died is
still counted.
"""

import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge

from pipeline.checks import NotReady
from pipeline.metrics.pool_files import PoolFiles
from pipeline.metrics.registry import with_process


class PoolMetrics:
    """Of the pool `queue`, whose processes have these `places`. Called by several threads."""

    def __init__(self, queue: str, places: Collection[str]) -> None:
        self.registry = with_process(CollectorRegistry())
        self._files = PoolFiles()
        self._files.collect_into(self.registry)
        self._started: set[str] = set()
        self._ready: set[str] = set()
        self._places = set(places)
        self._lock = threading.Lock()
        processes = Gauge(
            "smelt_pool_processes", "Processes of this pool.", ("queue",), registry=self.registry
        )
        ready = Gauge(
            "smelt_pool_processes_ready",
            "Processes of this pool that have what they work with: the database, the key ring, the model.",
            ("queue",),
            registry=self.registry,
        )
        restarts = Counter(
            "smelt_pool_restarts",
            "Processes of this pool that died, and were started again.",
            ("queue",),
            registry=self.registry,
        )
        processes.labels(queue).set(len(self._places))
        ready.labels(queue).set_function(lambda: len(self._ready))
        self._restarts = restarts.labels(queue)

    @property
    def folder(self) -> Path:
        return self._files.folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def note_start(self, place: str) -> None:
        """A process is about to start there; whichever was there before is dead."""
        with self._lock:
            if place in self._started:
                self._restarts.inc()
                self._files.forget_present(place)
            self._started.add(place)
            self._ready.discard(place)

    def note_ready(self, place: str) -> None:
        with self._lock:
            self._ready.add(place)

    def alive(self) -> None:
        """As long as this process answers: it starts the others again by itself."""

    def ready(self) -> None:
        """Raises NotReady, with the processes that aren't."""
        with self._lock:
            lacking = sorted(self._places - self._ready)
        if lacking:
            raise NotReady(f"Not ready: {', '.join(lacking)}.")
