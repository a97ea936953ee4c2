"""A service of its own for a scenario, with an oracle in front of it and a language model's server behind it."""

import random
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from deploy.demo.demonstration import DemoSettings
from deploy.supervisor.processes import COMMANDS
from deploy.supervisor.service import Service
from tests.faults.chaos import invariants
from tests.faults.chaos.invariants import Verdict
from tests.faults.chaos.oracle import Oracle
from tests.faults.chaos.processes import living, our_children, started_since
from tests.faults.chaos.speech_log import SpeechLog
from tests.speech_model import WORD_MODEL
from tests.support.llm_server import LlmServer, Step
from tests.support.llm_server import running as running_llm
from tests.support.secrets import IP_HASH_SECRET, JWT_SECRET, KEYRING
from tests.support.waiting import wait_until
from workers.pools.slots import POOLS

CREDITS = 1_000_000
SCRIPTED = {  # the pools' speech engine follows a script
    pool.value: [sys.executable, "-m", "tests.faults.chaos.scripted_pool", "worker", pool.value]
    for pool in POOLS
}
ORPHANS_LIVE = 30.0  # seconds at the most that a process may live on after those that kept it
LINES_SHOWN = 80  # of the log, when something fails


@dataclass
class World:
    """`hits`: how many faults were made. `log`: what the processes printed. `seen`: all processes it ever had."""

    service: Service
    oracle: Oracle
    llm: LlmServer
    speech: SpeechLog
    chance: random.Random
    before: set[psutil.Process]  # ours already when it was started
    log: list[str] = field(default_factory=list)
    seen: set[psutil.Process] = field(default_factory=set)
    hits: int = 0
    slowest_recovery: float = 0.0
    failed: BaseException | None = None  # what a storm raised

    def processes(self) -> list[psutil.Process]:
        """Its own, engines included."""
        own = started_since(self.before)
        self.seen.update(own)
        return own

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """As the owner of the database, past all policies."""
        with psycopg.connect(self.service.owner_url, autocommit=True) as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, statements: str) -> None:
        """As the owner of the database."""
        with psycopg.connect(self.service.owner_url, autocommit=True) as connection:
            connection.execute(statements)

    def done_parts(self) -> int:
        [(files, outputs)] = self.query(
            """
            select (select count(*) from smelt_files where status = 'completed'),
                (select count(*) from smelt_outputs where status = 'completed')
            """
        )
        assert isinstance(files, int)
        assert isinstance(outputs, int)
        return files + outputs

    def settle(self, within: float) -> float:
        """Waits until every accepted smelt has ended; returns how many seconds that took."""
        started = time.monotonic()
        try:
            wait_until(self._nothing_left, within)
        except AssertionError:
            raise AssertionError(
                f"left after {within:g} s: {invariants.unfinished_parts(self.service)}"
            ) from None
        return time.monotonic() - started

    def _nothing_left(self) -> bool:
        try:
            return invariants.unfinished(self.service, self.oracle) == 0
        except psycopg.OperationalError:  # Postgres is still coming back
            return False

    def judge(self) -> Verdict:
        return invariants.judge(self.service, self.oracle, CREDITS)

    def recovered(self, condition: Callable[[], object], within: float) -> float:
        """Waits for a return to work, which counts for the slowest; returns its seconds."""
        started = time.monotonic()
        wait_until(condition, within)
        took = time.monotonic() - started
        self.slowest_recovery = max(self.slowest_recovery, took)
        return took

    @contextmanager
    def under(self, fault: Callable[["World"], None], every: tuple[float, float]) -> Iterator[None]:
        """Makes the fault again and again while the block runs, after random pauses (seconds)."""
        over = threading.Event()

        def storm() -> None:
            try:
                while not over.wait(self.chance.uniform(*every)):
                    fault(self)
                    self.hits += 1
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread below
                self.failed = error

        thread = threading.Thread(target=storm)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if self.failed is not None:
            raise self.failed

    def keep_up(self, share: float, hits: int, wait_seconds: float) -> None:
        """Lets a storm go on until this share of the texts' parts is done and so many faults were made."""
        wanted = share * len(self.oracle.items)
        deadline = time.monotonic() + wait_seconds
        while (self.done_parts() < wanted or self.hits < hits) and time.monotonic() < deadline:
            time.sleep(0.2)


@contextmanager
def world(
    seed: int,
    *,
    users: int = 3,
    latency: float = 0.0,
    scripted: bool = True,
    more: Mapping[str, str] | None = None,
    make: Callable[..., Service] = Service,
    **changes: object,
) -> Iterator[World]:
    """Everything on embedded engines, durable as in production. Afterwards no process of it may be left.

    `latency`: seconds that the language model takes. `scripted`: recordings are heard by a scripted engine in place
    of faster-whisper (`tests/faults/chaos/scripted_child.py`). `more`: commands by name, besides the service's or in
    place of them. `make`: what the service is made by. `changes`: settings.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    before = our_children()
    log: list[str] = []
    with TemporaryDirectory(prefix="smelt-chaos-", dir="/tmp") as folder, running_llm() as llm:
        llm.default = Step(latency=latency)
        values = {
            "data_dir": Path(folder) / "data",
            "port": 0,
            "keyring": KEYRING,
            "jwt_secret": JWT_SECRET,
            "ip_hash_secret": IP_HASH_SECRET,
            "whisper_model": WORD_MODEL,
            "transcribe_slots": 1,
            "weekly_credits": CREDITS,
            "platform_daily_cap": CREDITS,
            "rate_signed_in": CREDITS,
            "rate_address": CREDITS,
            "uncharged_daily": CREDITS,
            "llm_base_url": llm.url,
            "lease_seconds": 5,
            "worker_grace": 2,
            "max_attempts": 20,  # the storms kill far more often than life does
            **changes,
        }
        settings = DemoSettings.model_validate(values)
        own = {name: shlex.split(command) for name, command in (more or {}).items()}
        commands = {**COMMANDS, **(SCRIPTED if scripted else {}), **own}
        service = make(
            settings, lambda name, line: log.append(f"{name} | {line}"), isolated=True, commands=commands
        )
        try:
            with service:
                oracle = Oracle(service, users, chance)
                speech = SpeechLog(settings.data_dir)
                it = World(service, oracle, llm, speech, chance, before, log)
                yield it
                oracle.close()
                it.processes()
            _nobody_left(it)
        except BaseException as error:
            error.add_note("\n".join(["the end of the log:", *log[-LINES_SHOWN:]]))
            raise


def _nobody_left(it: World) -> None:
    try:
        wait_until(lambda: not living(it.seen), ORPHANS_LIVE)
    except AssertionError:
        raise AssertionError(f"processes were left behind: {living(it.seen)}") from None
