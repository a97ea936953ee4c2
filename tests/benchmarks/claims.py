"""How long a claim of an output takes where few wait and where many do, by turns on one server."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg

from db.session import Database
from db.smelts.admission import admit
from db.work.outputs import claim_output, finish_output
from tests.benchmarks.harness import bench_service
from tests.faults.chaos.backlog import Backlog, Size
from tests.faults.chaos.backlog_load import LEASE, Poster, new_post
from tests.support.engines import PostgresServer
from tests.support.smelts import PLENTY

FEW, MANY = 1_000, 100_000
CLAIMS = 1_000


@dataclass
class Waiting:
    """A database in which outputs wait, always as many. `times`: milliseconds of each claim, its commit included."""

    database: Database
    poster: Poster
    times: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """One output is claimed and completed, and another is posted."""
        begun = time.perf_counter()
        with self.database.brief() as brief:
            claim = claim_output(brief, LEASE)
        self.times.append((time.perf_counter() - begun) * 1e3)
        assert claim is not None
        with self.database.once() as once:
            finish_output(once, claim, "model", 300, 100)
        with self.database.service() as conn:
            admit(conn, new_post(self.poster, texts=1), PLENTY)

    def told(self, rows: int) -> str:
        return f"{rows:,} waiting: p50 {self.at(0.5):.2f} ms, p99 {self.at(0.99):.2f} ms"

    def at(self, share: float) -> float:
        return sorted(self.times)[int(len(self.times) * share)]


def measure() -> None:
    with bench_service(synthesize_slots=1) as bench, ExitStack() as stack:
        server = PostgresServer(bench.service.owner_url)
        template = stack.enter_context(server.migrated_template())
        few, many = (_waiting(stack, server, template, rows) for rows in (FEW, MANY))
        for _ in range(CLAIMS):
            few.turn()
            many.turn()
    ratio = many.at(0.99) / few.at(0.99)
    print(
        f"a claim of an output: {many.told(MANY)}; {few.told(FEW)}; ratio of p99 {ratio:.2f} (aim: at most 2)"
    )


def _waiting(stack: ExitStack, server: PostgresServer, template: str, rows: int) -> Waiting:
    name = stack.enter_context(server.database(template))
    with psycopg.connect(server.owner_url(name), autocommit=True) as owner:
        size = Size(large=rows, small=1, rate=0, every=1, warming=0, seconds=0, processes=0)
        backlog = Backlog(server.app_url(name), owner)
        poster = backlog.fill(size)[0]
        assert backlog.waiting() == (rows, 1)
    database = Database(server.app_url(name), pool_size=1)
    stack.callback(database.close)
    return Waiting(database, poster)


if __name__ == "__main__":
    measure()
