"""A world whose way to Postgres can turn into a black hole: nothing passes, and nobody is told.

Where namespaces can be made Postgres lives in one of its own, and a router drops the packets; elsewhere, and in the
short form, a relay stops passing on what it takes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Protocol

from deploy.embedded.data_folder import DataFolder
from deploy.embedded.engines import APP_ROLE, POSTGRES_FOLDER
from deploy.embedded.postgres import DATABASE, EmbeddedPostgres
from tests.faults.chaos.namespace import CLIENTS, NoNamespaces, Road, road
from tests.faults.chaos.relayed import relayed
from tests.faults.chaos.world import World, world

PORT = 5432


class Way(Protocol):
    def drop(self) -> None: ...
    def open(self) -> None: ...


@dataclass(frozen=True)
class CutOff:
    """`how`: what makes the hole, for the report."""

    world: World
    postgres: EmbeddedPostgres
    way: Way
    how: str


class DistantPostgres(EmbeddedPostgres):
    """In the server's namespace, on TCP too."""

    def __init__(self, folder: Path, lock: int, road: Road) -> None:
        super().__init__(folder, lock, {"listen_addresses": road.address, "port": str(PORT)})
        self._road = road

    def _initialize(self) -> None:
        super()._initialize()
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {CLIENTS} trust\n")

    def _spawn(self) -> Popen[bytes]:
        with self._road.at_the_server():
            return super()._spawn()


@contextmanager
def cut_off(seed: int, *, packets: bool, latency: float) -> Iterator[CutOff]:
    """`packets`: by dropping packets, where that can be done."""
    with ExitStack() as stack:
        how = "relay"
        if packets:
            try:
                way = stack.enter_context(road())
            except NoNamespaces as reason:
                how = f"relay, for want of network namespaces ({reason})"
            else:
                yield stack.enter_context(_distant(seed, way, latency))
                return
        relays = stack.enter_context(relayed(seed, latency=latency))
        postgres = relays.engines.postgres
        assert postgres is not None
        yield CutOff(relays.world, postgres, relays.postgres, how)


@contextmanager
def _distant(seed: int, way: Road, latency: float) -> Iterator[CutOff]:
    with ExitStack() as stack:
        folder = DataFolder(
            Path(stack.enter_context(TemporaryDirectory(prefix="smelt-far-", dir="/tmp"))) / "data"
        )
        folder.open()
        stack.callback(folder.close)
        lock = folder.engines_lock
        assert lock is not None
        postgres = DistantPostgres(folder.path / POSTGRES_FOLDER, lock, way)
        postgres.start()
        stack.callback(postgres.stop)
        it = stack.enter_context(
            world(
                seed,
                latency=latency,
                database_url=f"postgresql://{APP_ROLE}@{way.address}:{PORT}/{DATABASE}",
                migration_database_url=postgres.url(),
            )
        )
        yield CutOff(it, postgres, way, "packets dropped between network namespaces")
