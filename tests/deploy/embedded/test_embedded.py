"""Embedded engines start, keep their data, and end with whoever started them."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest
import redis

from deploy.embedded.engines import EmbeddedEngines
from deploy.problems import DataFolderError, EngineError
from tests.support.waiting import wait_until

STARTER = """
import sys, time
from pathlib import Path
from deploy.embedded.engines import EmbeddedEngines
engines = EmbeddedEngines(Path(sys.argv[1]))
engines.start()
print(engines.postgres.pid, engines.valkey.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """pytest's own folders can be too deep for a socket's path."""
    with TemporaryDirectory(prefix="smelt-test-", dir="/tmp") as name:
        yield Path(name) / "data"


def owner(engines: EmbeddedEngines) -> str:
    assert engines.owner_url is not None
    return engines.owner_url


def client(engines: EmbeddedEngines) -> "redis.Redis":
    assert engines.redis_url is not None
    return redis.Redis.from_url(engines.redis_url)


def pids(engines: EmbeddedEngines) -> tuple[int, int]:
    assert engines.postgres is not None
    assert engines.valkey is not None
    assert engines.postgres.pid is not None
    assert engines.valkey.pid is not None
    return engines.postgres.pid, engines.valkey.pid


def start_in_a_process(folder: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    command = [sys.executable, "-c", STARTER, str(folder)]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    return starter, [psutil.Process(int(pid)) for pid in starter.stdout.readline().split()]


def test_data_survives_a_restart(folder: Path) -> None:
    with EmbeddedEngines(folder) as engines:
        with psycopg.connect(owner(engines)) as connection:
            connection.execute("create table kept (n int)")
        client(engines).set("kept", "yes")
    with EmbeddedEngines(folder) as engines:
        with psycopg.connect(owner(engines)) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (0,)
        assert client(engines).get("kept") == b"yes"


def test_engines_end_with_a_starter_that_is_killed_and_start_again_after_it(folder: Path) -> None:
    starter, engines = start_in_a_process(folder)
    with starter:
        starter.kill()
    wait_until(lambda: not any(engine.is_running() for engine in engines))
    with EmbeddedEngines(folder) as again, psycopg.connect(owner(again)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_what_killed_engines_leave_behind_does_not_stop_the_next_start(folder: Path) -> None:
    starter, engines = start_in_a_process(folder)
    with starter:
        starter.send_signal(signal.SIGSTOP)  # else it would start them again
        for engine in engines:
            engine.kill()
        starter.kill()
    leftover = folder / "postgres" / "data" / "postmaster.pid"
    lines = leftover.read_text().splitlines()
    # The dead server's number now belongs to another process: Postgres alone would refuse to start.
    leftover.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    assert (folder / "valkey" / "valkey.sock").exists()
    with EmbeddedEngines(folder) as again:
        assert client(again).ping()


def test_a_second_start_on_the_same_folder_is_refused(folder: Path) -> None:
    with EmbeddedEngines(folder), pytest.raises(DataFolderError, match="another service is running"):
        EmbeddedEngines(folder).start()


def test_an_engine_that_dies_is_started_again(folder: Path) -> None:
    def answers() -> bool:
        try:
            with psycopg.connect(owner(engines)):
                return bool(client(engines).ping())
        except (psycopg.OperationalError, redis.exceptions.ConnectionError):
            return False

    with EmbeddedEngines(folder) as engines:
        before = pids(engines)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not set(before) & set(pids(engines)))
        wait_until(answers)


def test_the_engines_listen_on_their_sockets_alone(folder: Path) -> None:
    with EmbeddedEngines(folder) as engines:
        for pid in pids(engines):
            listening = psutil.Process(pid).net_connections("inet")
            assert listening == []
        for path in ("postgres/.s.PGSQL.5432", "valkey/valkey.sock"):
            assert stat.S_IMODE((folder / path).stat().st_mode) == 0o700
        for path in ("postgres", "valkey"):
            assert stat.S_IMODE((folder / path).stat().st_mode) == 0o700


def test_closed_folders_above_the_data_stay_closed(folder: Path) -> None:
    private = folder.parent / "private"
    private.mkdir(mode=0o700)
    with EmbeddedEngines(private / "data") as engines, psycopg.connect(owner(engines)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_an_engine_that_cannot_start_says_why_and_leaves_nothing_running(folder: Path) -> None:
    engines = EmbeddedEngines(folder, postgres_options={"shared_buffers": "nonsense"})
    with pytest.raises(EngineError, match="shared_buffers"):
        engines.start()
    left = folder / "valkey" / "valkey.sock"
    with socket.socket(socket.AF_UNIX) as probe:
        assert probe.connect_ex(str(left)) != 0
    with EmbeddedEngines(folder):  # the locks are free again
        pass


def test_data_of_another_major_version_is_refused(folder: Path) -> None:
    with EmbeddedEngines(folder):
        pass
    (folder / "postgres" / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EngineError, match="made by Postgres 12"):
        EmbeddedEngines(folder).start()
