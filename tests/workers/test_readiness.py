"""A worker or reconciler that can't work yet waits, and says why in a line; it works as soon as it can."""

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from queue import Queue as Lines
from threading import Event, Thread
from urllib.parse import urlsplit

import psycopg
import pytest
from pydantic import SecretStr

from db import migrate
from deploy.supervisor.environment import child_environment
from pipeline.content.keyring import KeyRing, new_content_key, smelt_context
from pipeline.settings import Settings
from tests.support.cast import Cast
from tests.support.engines import PostgresServer
from tests.support.smelts import admit_all, new_smelt, set_credits
from tests.support.waiting import wait_until
from workers.actors.synthesize import synthesize
from workers.notifications.queues import ActorName
from workers.pools import PROCESS_READY
from workers.pools.engines import SynthesisEngines
from workers.runner.run import run_next
from workers.services import Services

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
            process.wait_for(lambda line: line.strip().endswith(PROCESS_READY))
    finally:
        code = process.end()
    assert code == 0
    assert not any("Traceback" in line or line.strip().endswith(PROCESS_READY) for line in process.seen[:-1])


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


def test_a_part_whose_key_is_on_another_processs_ring_waits_at_no_cost_and_the_key_is_named(
    services: Services, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = KeyRing.parse(KeyRing.generate())
    smelt = new_smelt(cast.ada.id, texts=1)
    wrapped = theirs.wrap(new_content_key(), smelt_context(smelt.id))
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        admit_all(conn, replace(smelt, content_key=wrapped))
    engines = SynthesisEngines(services.settings)
    try:
        ran = run_next(services, ActorName.APPLY_SEPARATE, lambda task: synthesize(task, engines), Event())
    finally:
        engines.close()
    assert ran
    with services.database.service() as conn:
        row = conn.exec_driver_sql(
            "select status, failures, waiting_for, error_code from smelt_outputs"
        ).one()
    assert tuple(row) == ("waiting", 0, "content_store", None)
    named = f"wrapped by the key {KeyRing.key_id(wrapped)}, which isn't on this process's SMELT_KEYRING"
    assert any(named in getattr(record, "reason", "") for record in caplog.records)
