"""The metrics of a pool's processes, in files that outlive each of them, and are added up by whoever keeps the pool.

A worker process may be killed at any moment; what it has counted by then must not be lost, and a sum that falls would
be read as all of it counted anew. So its successor goes on in the same files: they are named after the process's place
in the pool, not its id. What a process has at this moment (work under way, connections) is forgotten with it.

prometheus_client decides at a metric's definition where its value is: `join` comes before the import of any.
"""

import os
import tempfile
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.values import MultiProcessValue

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the library's
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a write to a file on a disk that is full would kill the process that counts


def join(folder: Path, place: str) -> None:
    """From now on this process counts in `folder`, as the one at that place of the pool."""
    os.environ[VARIABLE] = str(folder)
    values.ValueClass = MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]


class PoolFiles:
    """The files of one pool, as the process that keeps it sees them. `close` removes them."""

    def __init__(self) -> None:
        memory = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
        self._folder = tempfile.TemporaryDirectory(prefix="smelt-metrics-", dir=memory)

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def collect_into(self, registry: CollectorRegistry) -> None:
        MultiProcessCollector(registry, str(self.folder))  # type: ignore[no-untyped-call]

    def forget_present(self, place: str) -> None:
        """What the process at `place` had in hand: it is dead."""
        mark_process_dead(place, str(self.folder))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self._folder.cleanup()
