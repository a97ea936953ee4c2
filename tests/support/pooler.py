"""`make pooler`: the tests of policies, locks and races once more, behind PgBouncer in transaction mode.

Needs Debian's `pgbouncer` and a Postgres on TCP: the one that SMELT_TEST_DATABASE_URL names, or the one at the standard
port. Tests make their databases directly; the application's connections go through the pooler.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import SplitResult, urlsplit

from deploy.embedded.engines import APP_ROLE
from tests.support.standard_ports import postgres_url
from tests.support.waiting import wait_until

# What a pooler may change: whose session a transaction gets, and what was left in it; locks; lost connections. Not what
# one statement does, nor whether a plan is good: the whole of `tests/db` took seven minutes here and found no more.
TESTS = (
    # A pooled session keeps the settings that its login had when it began, so this one sees no difference
    "--deselect=tests/db/test_role_settings.py::test_one_that_stops_everything_shows_and_is_taken_back",
    *(
        "tests/db/test_connection.py",
        "tests/db/test_one_exchange.py",
        "tests/db/test_role_settings.py",
    ),  # sessions
    *("tests/db/test_every_column.py", "tests/api/auth/test_identity.py"),  # roles and claims
    *(
        "tests/db/test_round_trips.py",
        "tests/db/work/test_work.py",
        "tests/workers/runner/test_run.py",
    ),  # claims
    *("tests/db/accounts/test_library_limits.py", "tests/api/smelts/test_races.py"),  # locks and races
)
NOT_ROOT = "nobody"  # PgBouncer refuses to run as root


def main() -> int:
    program = shutil.which("pgbouncer")
    server = os.environ.get("SMELT_TEST_DATABASE_URL") or postgres_url()
    if program is None or server is None:
        print(
            "Not run: it needs pgbouncer, and a Postgres at the standard port or in SMELT_TEST_DATABASE_URL."
        )
        return 1
    with (
        TemporaryDirectory(prefix="smelt-pooler-", dir="/tmp") as folder,
        running(program, urlsplit(server), Path(folder)) as port,
    ):
        pooled = {"SMELT_TEST_DATABASE_URL": server, "SMELT_TEST_POOLER": f"127.0.0.1:{port}"}
        command = [sys.executable, "-m", "pytest", "-q", *TESTS, *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, **pooled}, check=False).returncode


@contextmanager
def running(program: str, server: SplitResult, folder: Path) -> Iterator[int]:
    """PgBouncer in front of every database of `server`; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"""
[databases]
* = host={server.hostname} port={server.port or 5432} user={APP_ROLE}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
server_idle_timeout = 5
ignore_startup_parameters = extra_float_digits
"""
    )
    command = [program, str(settings)]
    if os.geteuid() == 0:
        folder.chmod(0o755)
        shutil.chown(settings, pwd.getpwnam(NOT_ROOT).pw_uid)
        command = [program, "-u", NOT_ROOT, str(settings)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    """No more can be asked yet: on a new server the first test makes the role that it connects as."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
