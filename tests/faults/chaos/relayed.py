"""A world whose service reaches its engines through relays, while the scenario itself reaches them directly."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from deploy.embedded.engines import APP_ROLE, EmbeddedEngines
from deploy.embedded.postgres import embedded_url
from tests.faults.chaos.relay import Deaf, Ear, Relay
from tests.faults.chaos.world import World, world

POSTGRES_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Relayed:
    world: World
    engines: EmbeddedEngines
    postgres: Relay


@contextmanager
def relayed(
    seed: int,
    *,
    to_postgres: Callable[[], Ear] = Deaf,
    to_redis: Callable[[], Ear] = Deaf,
    latency: float = 0.0,
    **changes: Any,
) -> Iterator[Relayed]:
    """`changes`: settings."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="smelt-relay-", dir="/tmp")))
        engines = stack.enter_context(EmbeddedEngines(folder / "data"))
        valkey, postgres = engines.valkey, engines.postgres
        assert valkey is not None
        assert postgres is not None
        socket = folder / "valkey.sock"
        relay = Relay(folder / POSTGRES_SOCKET, postgres.folder / POSTGRES_SOCKET, to_postgres)
        stack.enter_context(relay.running())
        stack.enter_context(Relay(socket, valkey.folder / "valkey.sock", to_redis).running())
        it = stack.enter_context(
            world(
                seed,
                latency=latency,
                database_url=embedded_url(folder, APP_ROLE),
                migration_database_url=engines.owner_url,
                redis_url=f"unix://{quote(str(socket))}?db=0",
                **changes,
            )
        )
        yield Relayed(it, engines, relay)
