"""A service of its own for a scenario, with an oracle in front of it and a language model's server behind it."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from deploy.demonstration import DemoSettings
from deploy.service import Service
from tests.chaos import invariants
from tests.chaos.invariants import Verdict
from tests.chaos.oracle import Oracle
from tests.chaos.processes import our_children, started_since
from tests.llm_server import LlmServer, Step
from tests.llm_server import running as running_llm
from tests.secrets import IP_HASH_SECRET, JWT_SECRET, KEYRING
from tests.waiting import wait_until

CREDITS = 1_000_000


@dataclass
class World:
    """`hits`: how many faults were made. `log`: what the processes printed."""

    service: Service
    oracle: Oracle
    llm: LlmServer
    chance: random.Random
    before: set[psutil.Process]  # ours already when it was started
    log: list[str] = field(default_factory=list)
    hits: int = 0

    def processes(self) -> list[psutil.Process]:
        """Its own, engines included."""
        return started_since(self.before)

    def done_parts(self) -> int:
        with psycopg.connect(self.service.owner_url) as connection:
            row = connection.execute(
                """
                select (select count(*) from smelt_files where status = 'completed')
                    + (select count(*) from smelt_outputs where status = 'completed')
                """
            ).fetchone()
        assert row is not None
        return int(row[0])

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

    @contextmanager
    def under(self, fault: Callable[["World"], None], every: tuple[float, float]) -> Iterator[None]:
        """Makes the fault again and again while the block runs, after random pauses (seconds)."""
        over = threading.Event()
        errors: list[BaseException] = []

        def storm() -> None:
            try:
                while not over.wait(self.chance.uniform(*every)):
                    fault(self)
                    self.hits += 1
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread below
                errors.append(error)

        thread = threading.Thread(target=storm)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if errors:
            raise errors[0]


@contextmanager
def world(seed: int, *, users: int = 3, latency: float = 0.0, **changes: object) -> Iterator[World]:
    """Everything on embedded engines, durable as in production. Afterwards no process of it may be left."""
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
            "whisper_model": "demo",
            "weekly_credits": CREDITS,
            "platform_daily_cap": CREDITS,
            "llm_base_url": llm.url,
            "lease_seconds": 5,
            "worker_grace": 2,
            "max_attempts": 20,  # the storms kill far more often than life does
            **changes,
        }
        settings = DemoSettings.model_validate(values)
        service = Service(settings, lambda name, line: log.append(f"{name} | {line}"), isolated=True)
        with service:
            oracle = Oracle(service, users, chance)
            yield World(service, oracle, llm, chance, before, log)
            oracle.close()
            own = started_since(before)
        _, left = psutil.wait_procs(own, timeout=1)
        if left:
            raise AssertionError(f"processes were left behind: {left}")
