"""Real `smelt api` processes: one to be watched from outside, or two on one database, one Redis and one content store.

What a race does must not tell those two apart.
"""

import os
import re
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

import httpx
import psutil

from db.session import Database
from deploy.supervisor.environment import child_environment
from pipeline.settings import Settings
from tests.conftest import make_settings
from tests.support.engines import Servers
from tests.support.waiting import wait_until

CROWD = 50
START_SECONDS = 60.0
NO_TLS = ssl.SSLContext(
    ssl.PROTOCOL_TLS_CLIENT
)  # without it each client reads all of the machine's certificates
KEPT = httpx.Limits(
    max_connections=None, max_keepalive_connections=None, keepalive_expiry=None
)  # httpcore closes an idle connection beyond these even where another thread is just taking it up
LISTENS = re.compile(r"listens on (http://\S+)")


@dataclass(frozen=True)
class TwoApis:
    """`urls`: where each of the processes listens."""

    urls: tuple[str, str]
    settings: Settings
    database: Database
    folder: Path

    @contextmanager
    def client(
        self, headers: dict[str, str] | None = None, address: str | None = None
    ) -> Iterator[httpx.Client]:
        """Of the first process. `address`: where the requests come from, on the loopback."""
        with _client(self.urls[0], headers, address) as client:
            yield client

    def crowd(
        self,
        act: Callable[[httpx.Client, int], httpx.Response],
        headers: Callable[[int], dict[str, str]] = lambda _: {},
        address: Callable[[int], str | None] = lambda _: None,
    ) -> list[httpx.Response]:
        """What fifty clients get who act at once, each over a connection of its own, every other at each process."""
        together = Barrier(CROWD)

        def one(n: int) -> httpx.Response:
            with _client(self.urls[n % 2], headers(n), address(n)) as client:
                client.get("/healthz").raise_for_status()
                together.wait(60)
                return act(client, n)

        with ThreadPoolExecutor(CROWD) as pool:
            return list(pool.map(one, range(CROWD)))

    def stored(self) -> set[str]:
        """The smelts of which the content store has anything."""
        content = self.folder / "content"
        return {path.parent.name for path in content.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class OneApi:
    """`pid`: its process's. `owner_url`: of its database, for the schema's owner."""

    url: str
    pid: int
    settings: Settings
    owner_url: str
    folder: Path

    @property
    def log(self) -> str:
        """All that it has printed."""
        return (self.folder / "api.log").read_text()

    def stored(self) -> list[Path]:
        return [path for path in (self.folder / "content").rglob("*") if path.is_file()]


@contextmanager
def one_api(servers: Servers, template: str, *wrapper: str, **changes: Any) -> Iterator[OneApi]:
    """`template`: the name of a migrated database. `wrapper`: as of `api_process`."""
    with _place(servers, template, changes) as (settings, owner_url, folder):
        log = folder / "api.log"
        with api_process(settings, log, *wrapper) as process:
            yield OneApi(listens_at(log), process.pid, settings, owner_url, folder)


@contextmanager
def two_apis(servers: Servers, template: str, **changes: Any) -> Iterator[TwoApis]:
    """`template`: the name of a migrated database."""
    with ExitStack() as stack:
        settings, _, folder = stack.enter_context(_place(servers, template, changes))
        logs = [folder / f"{n}.log" for n in range(2)]
        for log in logs:
            stack.enter_context(api_process(settings, log))
        database = Database(settings.need("database_url"))
        stack.callback(database.close)
        yield TwoApis((listens_at(logs[0]), listens_at(logs[1])), settings, database, folder)


@contextmanager
def _place(servers: Servers, template: str, changes: dict[str, Any]) -> Iterator[tuple[Settings, str, Path]]:
    """Settings of a database, a key prefix and a folder of their own; the database's owner's URL; the folder."""
    with (
        servers.postgres.database(template) as name,
        TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as path,
        servers.redis.namespace() as prefix,
    ):
        folder = Path(path)
        urls = {"database_url": servers.postgres.app_url(name), "redis_url": servers.redis.url}
        settings = make_settings(folder, **urls, redis_namespace=prefix, **changes)
        yield settings, servers.postgres.owner_url(name), folder


@contextmanager
def api_process(settings: Settings, log: Path, *wrapper: str) -> Iterator[psutil.Process]:
    """`smelt api`, started by the command `wrapper`, which must become it."""
    environment = child_environment(settings, isolated=True)
    with log.open("wb") as output:
        process = subprocess.Popen([*wrapper, "smelt", "api"], env=environment, stdout=output, stderr=output)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(60) in (0, -signal.SIGTERM, os.EX_OK), log.read_text()
        finally:
            process.kill()
            process.wait()


def listens_at(log: Path) -> str:
    wait_until(lambda: LISTENS.search(log.read_text()), START_SECONDS)
    found = LISTENS.search(log.read_text())
    assert found is not None
    return found[1]


def _client(url: str, headers: dict[str, str] | None, address: str | None) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address, verify=NO_TLS, limits=KEPT)
    return httpx.Client(base_url=url, headers=headers, transport=transport, timeout=60)
