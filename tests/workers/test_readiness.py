"""A worker or reconciler that can't work yet waits, and says why in a line; it works as soon as it can."""

import signal
import subprocess
import sys
from collections.abc import Callable
from queue import Queue as Lines
from threading import Thread
from urllib.parse import urlsplit

import psycopg
import pytest
from pydantic import SecretStr

from db import migrate
from db.session import Database
from deploy.supervisor.environment import child_environment
from pipeline.content.keyring import KeyRing
from pipeline.errors import WorkError
from pipeline.retry import TryAgain, decide
from pipeline.settings import Settings
from pipeline.states import WaitingFor
from tests.support.engines import PostgresServer
from tests.support.waiting import wait_until

COMMANDS = {
    "reconciler": ["-c", "from workers.reconciler.loop import main; main()"],
    "maintenance": ["-m", "workers.pools.process", "maintenance"],
}


class Process:
    def __init__(self, name: str, settings: Settings) -> None:
        self.lines: Lines[str] = Lines()
        self.seen: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, *COMMANDS[name]],
            env=child_environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.put(line)

    def wait_for(self, holds: Callable[[str], bool]) -> str:
        while not holds(line := self.lines.get(timeout=40)):
            self.seen.append(line)
        self.seen.append(line)
        return line

    def end(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_on_a_database_that_is_not_migrated_it_waits_for_that(
    settings: Settings, postgres: PostgresServer, empty_database_url: str, name: str
) -> None:
    url = postgres.app_url(urlsplit(empty_database_url).path[1:])
    process = Process(name, settings.model_copy(update={"database_url": SecretStr(url)}))
    try:
        assert "smelt migrate" in process.wait_for(lambda line: "waiting: " in line)
        migrate.upgrade(empty_database_url)
        if name == "reconciler":
            with psycopg.connect(empty_database_url, autocommit=True) as owner:
                wait_until(lambda: owner.execute("select from schedule_runs").rowcount)
        else:
            process.wait_for(lambda line: line.strip().endswith(": ready"))
    finally:
        code = process.end()
    assert code == 0
    assert not any("Traceback" in line or line.strip().endswith(": ready") for line in process.seen[:-1])


def test_a_wrong_password_or_role_is_waited_out_in_plain_words(settings: Settings, database_url: str) -> None:
    url = database_url.replace("smelt_app@", "nobody_at_all:planted-secret@")
    process = Process("maintenance", settings.model_copy(update={"database_url": SecretStr(url)}))
    try:
        line = process.wait_for(lambda line: "waiting: " in line)
    finally:
        process.end()
    assert "DATABASE_URL" in line
    assert "nobody_at_all" in line
    assert "planted-secret" not in "".join(process.seen)


def test_a_part_whose_key_is_on_no_ring_of_this_process_waits_at_no_cost_and_is_named(
    database: Database,
) -> None:
    wrapped = KeyRing.parse(KeyRing.generate()).wrap(b"key", b"context")
    with pytest.raises(WorkError, match="SMELT_KEYRING") as caught:
        KeyRing.parse(KeyRing.generate()).unwrap(wrapped, b"context")
    decision = decide(caught.value, failures=2, max_failures=3)
    assert isinstance(decision, TryAgain)
    assert (decision.counts, decision.waiting_for) == (False, WaitingFor.CONTENT_STORE)
