"""Three reconcilers and a maintenance pool on a clock that the test moves, and the faults that befall them."""

import random
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import redis
from sqlalchemy import text

from db.work.schedules import PERIODS
from deploy.supervisor.children import spawn
from deploy.supervisor.environment import child_environment
from deploy.supervisor.processes import COMMANDS
from deploy.supervisor.runner import Runner
from pipeline.settings import Settings
from tests.conftest import make_settings
from tests.faults.chaos.clock import MovableClock, movable_clock
from tests.support.engines import Servers
from tests.support.waiting import wait_until
from workers.services import Services

RECONCILERS = 3
JOBS = len(PERIODS)
USERS = 6_000  # two batches of the reset, so that it can be hit in its midst
FULL, LEFT = 5, 1  # credits after a reset, and before
WAIT_SECONDS = 60.0  # seconds until a wait is given up; what is asserted about time is measured


class ScheduleFixture:
    """`deaths`: faults made. `log`: what the processes printed."""

    def __init__(
        self, settings: Settings, clock: MovableClock, services: Services, chance: random.Random
    ) -> None:
        self.clock = clock
        self.services = services
        self.chance = chance
        self.log: list[str] = []
        self.reconcilers: list[subprocess.Popen[bytes]] = []
        self._environment = child_environment(settings, isolated=True)
        self._log_file = (settings.data_dir.parent / "reconcilers.log").open("wb")
        self._pool = Runner(
            "maintenance",
            partial(spawn, COMMANDS["maintenance"], self._environment),
            self.log.append,
        )

    # The processes

    def start(self) -> None:
        self._pool.start()
        self.start_reconcilers()

    def stop(self) -> None:
        self.resume_pool()
        self.kill_reconcilers()
        if self._pool.ident is not None:
            self._pool.ask_to_stop()
            self._pool.finish(20)
        self._log_file.close()

    def start_reconcilers(self) -> None:
        command = COMMANDS["reconciler"]
        self.reconcilers = [
            spawn(command, self._environment, output=self._log_file) for _ in range(RECONCILERS)
        ]

    def kill_reconcilers(self) -> None:
        """With SIGKILL, all at once."""
        for process in self.reconcilers:
            process.kill()
        for process in self.reconcilers:
            process.wait()
        self.reconcilers = []

    def kill_pool(self) -> None:
        """With SIGKILL, master and workers; its supervisor starts it again."""
        self._pool.kill()

    def pause_pool(self) -> None:
        for process in self._pool_processes():
            process.suspend()

    def resume_pool(self) -> None:
        for process in self._pool_processes():
            process.resume()

    @contextmanager
    def paused(self, reconcilers: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
        for process in reconcilers:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in reconcilers:
                process.send_signal(signal.SIGCONT)

    def lose_messages(self) -> int:
        """Deletes every key that the service has in Redis; returns how many."""
        settings = self.services.settings
        with redis.Redis.from_url(settings.need("redis_url")) as client:
            keys = list(client.scan_iter(match=f"{settings.redis_namespace}*", count=1000))
            return sum(client.delete(key) for key in keys)

    def _pool_processes(self) -> list[psutil.Process]:
        if self._pool.pid is None:
            return []
        master = psutil.Process(self._pool.pid)
        return [master, *master.children(recursive=True)]

    # The calendar

    def next_monday(self) -> datetime:
        today = self.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=7 - today.weekday())

    def wait_for(self, moment: datetime) -> None:
        wait_until(lambda: self.clock.now() >= moment, WAIT_SECONDS)

    def wait_for_ticks(self) -> None:
        """Returns once each running reconciler has done a whole round."""
        begun = self.clock.true_now()
        wait_until(lambda: self.clock.lookers_since(begun) >= len(self.reconcilers), WAIT_SECONDS)

    # The users

    def spend(self, down_to: int) -> None:
        with self.services.database.service() as conn:
            conn.execute(text("update user_profiles set credits_remaining = :left"), {"left": down_to})

    def credits(self) -> set[int]:
        """The different amounts that users have left."""
        with self.services.database.service() as conn:
            return set(conn.execute(text("select distinct credits_remaining from user_profiles")).scalars())

    def all_reset(self, begun: datetime) -> bool:
        return self.clock.users_reset_since(begun) == USERS

    def ready(self) -> bool:
        """Whether the first runs are made and done: reconcilers and pool are there."""
        with self.services.database.service() as conn:
            done = conn.execute(text("select count(*) from schedule_runs where finished_at is not null"))
            return bool(done.scalar_one() == JOBS)

    def runs_ended(self) -> bool:
        with self.services.database.service() as conn:
            left = conn.execute(text("select count(*) from schedule_runs where finished_at is null"))
            return bool(left.scalar_one() == 0)


@contextmanager
def schedule_fixture(servers: Servers, template: str, seed: int, tick: float) -> Iterator[ScheduleFixture]:
    """On a database and a key prefix of its own; the clock stands at a Wednesday."""
    with (
        servers.postgres.database(template) as name,
        servers.redis.namespace() as prefix,
        TemporaryDirectory(prefix="smelt-schedule-", dir="/tmp") as folder,
        movable_clock(servers.postgres.owner_url(name)) as clock,
    ):
        settings = make_settings(
            Path(folder),
            database_url=servers.postgres.app_url(name),
            redis_url=servers.redis.url,
            redis_namespace=prefix,
            tick_seconds=tick,
            lease_seconds=2,
            worker_grace=1,
        )
        settings.data_dir.mkdir()
        services = Services.open(settings, connections=2)
        _settle_in(clock.owner)
        it = ScheduleFixture(settings, clock, services, random.Random(seed))  # noqa: S311 - repeatable, not secret
        clock.set(it.next_monday() + timedelta(days=2))
        try:
            it.start()
            wait_until(it.ready, WAIT_SECONDS)
            yield it
        except AssertionError as error:
            error.add_note("\n".join(it.log[-50:]))
            error.add_note((settings.data_dir.parent / "reconcilers.log").read_text(errors="replace")[-5000:])
            raise
        finally:
            it.stop()
            services.close()


def _settle_in(owner: psycopg.Connection) -> None:
    owner.execute("insert into auth.users (id) select gen_random_uuid() from generate_series(1, %s)", [USERS])
    owner.execute(
        """
        insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
        select id, %s, %s, date_trunc('week', now(), 'utc') + interval '7 days' from auth.users
        """,
        [FULL, FULL],
    )
