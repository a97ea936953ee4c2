"""A backlog of 100,000 rows: claims cost what they cost on 1,000, and neither dead rows nor memory pile up.

Both backlogs stand in one database at the same time, the large one among the outputs, the small one among the files,
and are claimed from by turns: what else the machine does slows down both alike. The large one grows: more is posted
than is worked off.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from typing import Any
from uuid import UUID

import psutil
import psycopg

from db.session import Database
from db.smelts.admission import admit
from deploy.supervisor.children import spawn
from deploy.supervisor.environment import child_environment
from deploy.supervisor.processes import COMMANDS
from pipeline.settings import Settings
from pipeline.states import Tier
from tests.faults.chaos.backlog_figures import Figures, Sample, figures
from tests.faults.chaos.backlog_load import Load, Poster, new_post
from tests.faults.chaos.invariants import Verdict
from tests.support.smelts import PLENTY

TABLES = ("smelts", "smelt_files", "smelt_outputs", "fair_tenants", "user_profiles", "platform_usage")
HEAVY, POSTERS = 10, 200  # users who own the backlogs, and who post meanwhile
INPUTS = 1_000  # of one smelt of the large backlog


@dataclass(frozen=True)
class Size:
    """`large`, `small`: rows that wait. `rate`: posts a second. `every`: as an `Order`'s. `seconds`: watched, after
    `warming` seconds of load.
    """

    large: int
    small: int
    rate: float
    every: int
    warming: float
    seconds: float
    processes: int


FULL = Size(large=100_000, small=1_000, rate=200, every=16, warming=20, seconds=180, processes=6)
SHORT = Size(large=4_000, small=100, rate=50, every=2, warming=0, seconds=4, processes=2)


def measure(settings: Settings, owner_url: str, size: Size, seed: int) -> Figures:
    """Raises AssertionError if a backlog hasn't stayed what it was."""
    with psycopg.connect(owner_url, autocommit=True) as owner, reconciler(settings) as process:
        it = Backlog(settings.need("database_url"), owner)
        posters = it.fill(size)
        load = Load(it.url, posters, rate=size.rate, every=size.every, processes=size.processes, seed=seed)
        load.start()
        clients = {f"client {number}": client for number, client in enumerate(load.processes, 1)}
        samples = it.watch({"the reconciler": process, **clients}, size)
        steps = load.stop()
        large, small = it.waiting()
        assert large >= size.large
        assert small == size.small
        return figures(steps, samples, it.verdict(size.large + size.small + len(steps["post"])))


class Backlog:
    """`owner`: an autocommitting connection of a superuser."""

    def __init__(self, url: str, owner: psycopg.Connection) -> None:
        self.url = url
        self.owner = owner

    def fill(self, size: Size) -> list[Poster]:
        """Puts both backlogs there by admission; returns those who will post."""
        crowd = self._users(HEAVY + POSTERS)
        database = Database(self.url, pool_size=1)
        for number in range(size.large // INPUTS):
            with database.service() as conn:
                admit(conn, new_post(crowd[number % HEAVY], texts=INPUTS), PLENTY)
        with database.service() as conn:
            admit(conn, new_post(crowd[0], audio=size.small), PLENTY)
        database.close()
        self.owner.execute("vacuum analyze")
        return crowd[HEAVY:]

    def waiting(self) -> tuple[int, int]:
        """Rows of the large backlog and of the small one."""
        row = self.owner.execute(
            """
            select (select count(*) from smelt_outputs where status = 'pending'),
                (select count(*) from smelt_files where status = 'pending')
            """
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def verdict(self, accepted: int) -> Verdict:
        """Counts parts that a worker must see to: those that neither wait nor are done, and claims beyond one each."""
        row = self.owner.execute(
            """
            select count(*) filter (where status in ('pending', 'completed')),
                coalesce(sum(attempt - 1) filter (where attempt > 1), 0)
            from (
                select status, attempt from smelt_outputs
                union all
                select status, attempt from smelt_files where input_type = 'audio'
            ) parts
            """
        ).fetchone()
        assert row is not None
        return Verdict(accepted, accepted - row[0], int(row[1]))

    def watch(self, processes: Mapping[str, Popen[Any]], size: Size) -> list[Sample]:
        """A sample a second while the load runs, from the end of its warming."""
        time.sleep(size.warming)
        watched = {name: psutil.Process(process.pid) for name, process in processes.items()}
        watched |= {f"backend {number}": backend for number, backend in enumerate(self._backends(), 1)}
        over = time.monotonic() + size.seconds
        samples = []
        while time.monotonic() < over:
            samples.append(self._sample(watched))
            time.sleep(1.0)
        return samples

    def _sample(self, watched: Mapping[str, psutil.Process]) -> Sample:
        """Memory that is a process's own: what it shares, such as Postgres's buffers, fills up once."""
        tables = self.owner.execute(
            "select relname, n_dead_tup from pg_stat_user_tables where relname = any (%s)", [list(TABLES)]
        ).fetchall()
        index = self.owner.execute("select pg_relation_size('smelt_outputs_claim')").fetchone()
        assert index is not None
        memory = {name: process.memory_full_info().uss for name, process in watched.items()}
        return Sample(time.monotonic(), dict(tables), index[0], memory)

    def _backends(self) -> list[psutil.Process]:
        """The service's sessions in Postgres."""
        rows = self.owner.execute(
            """
            select pid from pg_stat_activity
            where application_name like 'smelt %' and datname = current_database() order by backend_start
            """
        ).fetchall()
        return [psutil.Process(row[0]) for row in rows]

    def _users(self, count: int) -> list[Poster]:
        """Half of them on their own keys, half on plenty of credits."""
        rows = self.owner.execute(
            "insert into auth.users (id) select gen_random_uuid() from generate_series(1, %s) returning id",
            [count],
        ).fetchall()
        ids: list[UUID] = [row[0] for row in rows]
        self.owner.execute(
            """
            insert into user_profiles (
                user_id, credits_remaining, weekly_credits_max, credits_reset_at, api_key_status
            )
            select unnest(%s::uuid[]), 1000000, 5, now() + interval '7 days', 'valid'
            """,
            [ids],
        )
        return [Poster(user, (Tier.OWN_KEY, Tier.CREDITS)[place % 2]) for place, user in enumerate(ids)]


@contextmanager
def reconciler(settings: Settings) -> Iterator[Popen[bytes]]:
    """As the service starts it."""
    environment = child_environment(settings, isolated=True)
    process = spawn(COMMANDS["reconciler"], environment, output=DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
