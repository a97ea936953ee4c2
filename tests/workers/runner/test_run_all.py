"""Who has ended an output claims the next with it: each runs once, whatever becomes of the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import Connection, text

from db.one_exchange import OneExchange
from db.session import Database, DatabaseUnavailable
from db.work.claims import Claim
from db.work.outputs import finish_and_claim, finish_output
from pipeline.fairness import SHORT_OUTPUT_SECONDS
from pipeline.settings import Settings
from tests.support.smelts import admit_all, new_smelt
from workers.notifications.queues import ActorName
from workers.runner.claiming import claim_work
from workers.runner.run import run_all
from workers.runner.task import Task
from workers.services import Services

OUTPUTS = 4


@dataclass
class Run:
    """What ran, in order, and how often work was looked for otherwise than with an end."""

    services: Services
    actor: ActorName = ActorName.APPLY_SEPARATE
    claims: list[Claim] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    first: Callable[[Task], None] | None = None

    def all(self) -> "Run":
        run_all(self.services, self.actor, self._perform, self.stopping)
        return self

    def _perform(self, task: Task) -> None:
        self.claims.append(task.claim)
        if self.first is not None and len(self.claims) == 1:
            self.first(task)
        end = (task.claim, "model", 1, 1)
        if task.takes_next:
            task.end_and_claim(
                lambda conn: finish_and_claim(conn, *end, lease_seconds=30, only_short=task.only_short)
            )
        else:
            task.services.record_once(lambda conn: finish_output(conn, *end))


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings)
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=OUTPUTS))
    yield services
    services.close()


def rows(services: Services) -> list[tuple[str, int, int]]:
    with services.database.service() as conn:
        found = conn.execute(
            text("select status::text, attempt, failures from smelt_outputs order by position")
        )
        return [(row[0], row[1], row[2]) for row in found]


def test_each_end_claims_the_next(services: Services) -> None:
    counting = Counting(services.settings.need("database_url"))
    run = Run(replace(services, database=counting)).all()
    counting.close()
    assert rows(services) == [("completed", 1, 0)] * OUTPUTS
    assert [claim.job is not None for claim in run.claims] == [True] * OUTPUTS
    assert counting.begun == 1 + OUTPUTS  # the first claim, and an end of each
    with services.database.service() as conn:
        assert conn.execute(text("select status::text from smelts")).scalar_one() == "completed"


def test_an_end_that_was_lost_claims_nothing_and_the_others_run(services: Services) -> None:
    def taken_over(task: Task) -> None:
        with task.services.database.service() as conn:
            conn.execute(
                text("update smelt_outputs set attempt = attempt + 1 where id = :id"), {"id": task.claim.id}
            )

    run = Run(services, first=taken_over).all()
    assert len({claim.id for claim in run.claims}) == len(run.claims) == OUTPUTS
    assert sorted(rows(services)) == [("completed", 1, 0)] * (OUTPUTS - 1) + [("processing", 2, 0)]


def test_a_stopping_process_claims_no_more(services: Services) -> None:
    run = Run(services)
    run.first = lambda _: run.stopping.set()
    run.all()
    assert len(run.claims) == 1
    assert sorted(rows(services)) == [("completed", 1, 0)] + [("pending", 0, 0)] * (OUTPUTS - 1)


@pytest.mark.parametrize("actor", [ActorName.APPLY_SEPARATE, ActorName.TRANSCRIBE_FILE])
def test_who_is_told_to_stop_while_waiting_for_a_connection_claims_nothing(
    services: Services, actor: ActorName
) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, audio=1))
    stopped = StoppedWhileWaiting(services.settings.need("database_url"))
    claim = claim_work(replace(services, database=stopped), actor, stopped.stopping, alone=True)
    stopped.close()
    assert stopped.stopping.is_set()
    assert claim is None
    with services.database.service() as conn:
        for table in ("smelt_files", "smelt_outputs"):
            assert conn.execute(text(f"select max(attempt) from {table}")).scalar_one() == 0
    assert claim_work(services, actor, threading.Event(), alone=True) is not None


def test_short_work_leads_to_short_work_alone(services: Services) -> None:
    with services.database.service() as conn:
        conn.execute(
            text("update smelt_outputs set cost = :cost where position > 1"),
            {"cost": SHORT_OUTPUT_SECONDS + 1},
        )
    run = Run(services, ActorName.APPLY_SHORT).all()
    assert len(run.claims) == 2
    assert rows(services) == [("completed", 1, 0)] * 2 + [("pending", 0, 0)] * 2


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("number", range(1, OUTPUTS))
def test_an_end_without_a_reply_is_found_again_with_its_claim(
    services: Services, *, number: int, committed: bool
) -> None:
    """`number`: of the commit whose reply is lost, the first claim not counted."""
    forgetful = Forgetful(services.settings.need("database_url"), number, committed=committed)
    run = Run(replace(services, database=forgetful)).all()
    forgetful.close()
    assert forgetful.left <= 0
    assert len({claim.id for claim in run.claims}) == len(run.claims) == OUTPUTS
    assert rows(services) == [("completed", 1, 0)] * OUTPUTS


def test_a_claim_that_was_lost_with_its_end_is_not_taken_for_one_s_own(services: Services) -> None:
    """The end isn't committed, and before it is tried again the row is another's."""

    class Overtaken(Forgetful):
        def lose(self) -> None:
            with services.database.service() as conn:
                conn.execute(
                    text("update smelt_outputs set attempt = attempt + 1 where status = 'processing'")
                )

    overtaken = Overtaken(services.settings.need("database_url"), 1, committed=False)
    run = Run(replace(services, database=overtaken)).all()
    overtaken.close()
    assert len(run.claims) == len({claim.id for claim in run.claims}) == OUTPUTS
    assert sorted(rows(services)) == [("completed", 1, 0)] * (OUTPUTS - 1) + [("processing", 2, 0)]


class Counting(Database):
    """Counts its transactions."""

    begun = 0

    @contextmanager
    def brief(self) -> Iterator[OneExchange]:
        self.begun += 1
        with super().brief() as conn:
            yield conn

    @contextmanager
    def once(self) -> Iterator[OneExchange]:
        self.begun += 1
        with super().once() as conn:
            yield conn


class StoppedWhileWaiting(Database):
    """Each of its connections comes once the process has been told to stop."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.stopping = threading.Event()

    @contextmanager
    def brief(self) -> Iterator[OneExchange]:
        with super().brief() as conn:
            self.stopping.set()
            yield conn

    @contextmanager
    def service(self) -> Iterator[Connection]:
        with super().service() as conn:
            self.stopping.set()
            yield conn


class Forgetful(Database):
    """Loses the reply of one of its commits, or that whole transaction."""

    def __init__(self, url: str, number: int, *, committed: bool) -> None:
        super().__init__(url)
        self.left = number + 1
        self._committed = committed

    def lose(self) -> None:
        """Called where it didn't take place."""

    @contextmanager
    def brief(self) -> Iterator[OneExchange]:
        self.left -= 1
        losing = self.left == 0
        with self._losing_all(losing=losing), super().brief() as conn:
            yield conn
            if losing and not self._committed:
                raise DatabaseUnavailable("before the commit")
        if losing:
            raise DatabaseUnavailable("after the commit")

    @contextmanager
    def _losing_all(self, *, losing: bool) -> Iterator[None]:
        try:
            yield
        finally:
            if losing and not self._committed:
                self.lose()
