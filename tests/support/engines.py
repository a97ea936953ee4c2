"""The engines that the tests run on: embedded ones, or the servers that SMELT_TEST_…_URL name.

Databases and keys made here have names of their own (`smelt_test_…`) and are removed afterwards.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from db import migrate
from deploy.embedded.engines import APP_ROLE, EmbeddedEngines
from workers.notifications.redis_client import make_client

MEMORY, ROOM = "/dev/shm", 2 * 1024**3  # noqa: S108 - a folder is made in it; bytes
# What a crash would lose doesn't matter here, and each test makes a database of its own.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class PostgresServer:
    """`admin_url`: of an account that may make databases and roles.

    `pooler`: host and port of a pooler that the application connects through.
    """

    admin_url: str
    pooler: str | None = None

    def owner_url(self, database: str) -> str:
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{database}"))

    def app_url(self, database: str) -> str:
        """As the application's role. Without a password: the server must trust it, as the admin."""
        parts = urlsplit(self.owner_url(database))
        host = self.pooler or parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{APP_ROLE}@{host}"))

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """The name of a new database, empty or a copy of `template`, dropped at the end."""
        name = f"smelt_test_{uuid4().hex[:12]}"
        source = template or "template0"
        self._run("create database {} template {} strategy file_copy", name, source)
        try:
            yield name
        finally:
            self._run("drop database {} with (force)", name)

    @contextmanager
    def migrated_template(self) -> Iterator[str]:
        with self.database() as name:
            migrate.upgrade(self.owner_url(name))
            yield name

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


@dataclass(frozen=True)
class RedisServer:
    url: str

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """A prefix for keys; every key that begins with it is deleted at the end."""
        prefix = f"smelt_test_{uuid4().hex[:12]}"
        try:
            yield prefix
        finally:
            with make_client(self.url, None) as client:
                for key in client.scan_iter(match=f"{prefix}*", count=1000):
                    client.delete(key)


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    redis: RedisServer


def _roomy_folder() -> str:
    """In memory, where there is a file system for that: a database per test is ten gigabytes of writes by the end."""
    if Path(MEMORY).is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return "/tmp"  # noqa: S108 - likewise; a path that is short enough for a socket


@contextmanager
def running_servers(
    database_url: str | None, redis_url: str | None, pooler: str | None = None
) -> Iterator[Servers]:
    """Embedded engines for what isn't named, in a folder whose path is short enough for a socket."""
    if database_url and redis_url:
        yield Servers(PostgresServer(database_url, pooler), RedisServer(redis_url))
        return
    with TemporaryDirectory(prefix="smelt-test-", dir=_roomy_folder()) as folder:
        engines = EmbeddedEngines(
            Path(folder) / "data",
            postgres=database_url is None,
            valkey=redis_url is None,
            postgres_options=FAST,
        )
        with engines:
            owner = database_url or engines.owner_url
            redis = redis_url or engines.redis_url
            assert owner is not None
            assert redis is not None
            yield Servers(PostgresServer(owner, pooler), RedisServer(redis))
