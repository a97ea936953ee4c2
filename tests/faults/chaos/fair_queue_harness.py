"""A transcribe queue on a real Postgres, with slots that work in a time of their own.

Everything that decides is the service's: admission, claims, corrections, finishes. Only recognition is left out: a
recording keeps its slot for as many seconds as it lasts, by a clock that jumps from one end to the next.
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from db.session import Database
from db.smelts.new_smelt import NewFile, NewSmelt
from db.work.claims import Claim, claim_next
from db.work.files import FILES, begin_file, finish_file, note_duration
from deploy.local_users import ensure_local_user
from pipeline.fairness import BYTES_PER_SECOND
from pipeline.states import InputType, SmeltMode
from tests.faults.chaos.invariants import Verdict
from tests.support.engines import PostgresServer
from tests.support.smelts import admit_all, new_smelt, set_credits

LEASE_SECONDS = 3_600.0
MOST_SMELTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Served:
    """One claim: whose recording, how many seconds it truly lasts, and when (seconds of the harness's clock)."""

    name: str
    seconds: float
    at: float


@dataclass
class FairQueueHarness:
    """`served`: every claim, in order. A tenant is known by a name; those that begin with `ip:` have no account."""

    database: Database
    owner_url: str
    slots: int
    served: list[Served] = field(default_factory=list)
    clock: float = 0.0
    _users: dict[str, UUID] = field(default_factory=dict)
    _recordings: dict[UUID, tuple[str, float]] = field(default_factory=dict)
    _busy: list[tuple[float, UUID, Claim, float]] = field(default_factory=list)

    def post(
        self,
        name: str,
        seconds: Sequence[float],
        *,
        looks_like: float = 1.0,
        mode: SmeltMode = SmeltMode.SEPARATE,
    ) -> None:
        """One smelt of recordings that last so long; their size promises `looks_like` times as much."""
        files = [
            NewFile(
                id=uuid7(),
                input_type=InputType.AUDIO,
                media_type="mp3",
                filename=f"{n}.mp3",
                size_bytes=max(1, int(length * looks_like * BYTES_PER_SECOND)),
            )
            for n, length in enumerate(seconds)
        ]
        self._recordings |= {file.id: (name, length) for file, length in zip(files, seconds, strict=True)}
        with self.database.service() as conn:
            admit_all(conn, replace(self._new_smelt(name, mode), files=files))

    def claim(self) -> Served | None:
        """Lets the slot that is free first claim, probe and begin. None: nothing is claimable, or being worked on."""
        while len(self._busy) >= self.slots:
            self._finish_first()
        while (claim := self._claim_next()) is None:
            if not self._busy:
                return None
            self._finish_first()
        name, seconds = self._recordings[claim.id]
        with self.database.service() as conn:
            job = begin_file(conn, claim)
            note_duration(conn, claim, job.tenant, seconds)
        heapq.heappush(self._busy, (self.clock + seconds, claim.id, claim, seconds))
        served = Served(name, seconds, self.clock)
        self.served.append(served)
        return served

    def claims(self, count: int) -> list[Served]:
        """Fewer than `count`, if the work is over."""
        made = (self.claim() for _ in range(count))
        return [served for served in made if served is not None]

    def _claim_next(self) -> Claim | None:
        with self.database.service() as conn:
            return claim_next(conn, FILES, LEASE_SECONDS)

    def _finish_first(self) -> None:
        self.clock, _, claim, seconds = heapq.heappop(self._busy)
        with self.database.service() as conn:
            finish_file(conn, claim, None, seconds)

    def _new_smelt(self, name: str, mode: SmeltMode) -> NewSmelt:
        if name.startswith("ip:"):
            return new_smelt(None, tenant=name, prompts=())
        if name not in self._users:
            self._users[name] = ensure_local_user(self.owner_url, f"{name}@example.org")
            with self.database.service() as conn:
                set_credits(conn, self._users[name], MOST_SMELTS)
        return new_smelt(self._users[name], mode=mode, prompts=())

    def verdict(self) -> Verdict:
        """Counts recordings: posted, neither waiting nor claimed, and claims beyond one each."""
        with self.database.service() as conn:
            sql = """
                select count(*) filter (where status = 'pending' or attempt > 0),
                    coalesce(sum(attempt - 1) filter (where attempt > 1), 0)
                from smelt_files
            """
            there, again = conn.execute(text(sql)).one()
        return Verdict(len(self._recordings), len(self._recordings) - there, int(again))


@contextmanager
def open_harness(postgres: PostgresServer, template: str, slots: int) -> Iterator[FairQueueHarness]:
    """On a database of its own."""
    with postgres.database(template) as name:
        database = Database(postgres.app_url(name))
        try:
            yield FairQueueHarness(database, postgres.owner_url(name), slots)
        finally:
            database.close()
