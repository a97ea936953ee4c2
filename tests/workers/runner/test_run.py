"""Every way in which a piece of work can end is recorded, and none takes the worker down."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text

from db.one_exchange import OneExchange
from db.session import Database, DatabaseUnavailable
from db.work.claims import Claim, claim_committed, claim_next
from db.work.outputs import OUTPUTS, finish_output
from pipeline.content.errors import ContentMissing, ContentUnavailable
from pipeline.errors import GiveBack, LostLease, RateLimited, WorkError
from pipeline.settings import Settings
from pipeline.states import ErrorCode
from tests.support.smelts import admit_all, new_smelt
from workers.notifications.queues import ActorName, Queue
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

C = TypeVar("C")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings)
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=1))
    yield services
    services.close()


def run(services: Services, perform: Callable[[Task], None]) -> bool:
    return run_next(services, ActorName.APPLY_SEPARATE, perform, threading.Event()) is not None


def fails_with(error: Exception) -> Callable[[Task], None]:
    def perform(_task: Task) -> None:
        raise error

    return perform


@pytest.mark.parametrize(
    ("error", "status", "code", "failures"),
    [
        (WorkError(ErrorCode.CONTENT_FILTERED), "failed", "content_filtered", 1),
        (WorkError(ErrorCode.API_UNAVAILABLE, retryable=True), "waiting", None, 1),
        (RateLimited(30), "waiting", None, 0),
        (GiveBack(), "pending", None, 0),
        (LostLease(), "processing", None, 0),
        (ContentUnavailable(), "waiting", None, 0),
        (ContentMissing(), "failed", "content_expired", 1),
        (ZeroDivisionError(), "waiting", None, 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_becomes_a_state(
    services: Services, error: Exception, status: str, code: str | None, failures: int
) -> None:
    assert run(services, fails_with(error))

    with services.database.service() as conn:
        row = conn.execute(text("select status, error_code, failures from smelt_outputs")).one()
    assert tuple(row) == (status, code, failures)


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        (GiveBack(), "given back: The worker is stopping.", None),
        (WorkError(ErrorCode.CONTENT_FILTERED), "failed for good", "content_filtered"),
        (
            WorkError(ErrorCode.API_UNAVAILABLE, retryable=True),
            "failed; it is tried again",
            "api_unavailable",
        ),
        (RateLimited(30), "put off; no failure is counted", "api_rate_limited"),
        (ContentUnavailable(), "content_store is away; it is waited for", "internal_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_log_says_in_plain_words_what_came_of_an_attempt(
    services: Services, error: Exception, said: str, code: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert run(services, fails_with(error))
    [record] = [each for each in caplog.records if each.name == "workers.runner.run"]
    assert (record.message, getattr(record, "code", None)) == (said, code)


def test_an_output_that_fails_for_good_ends_its_smelt(services: Services) -> None:
    assert run(services, fails_with(WorkError(ErrorCode.CONTENT_FILTERED)))

    with services.database.service() as conn:
        assert conn.execute(text("select status, error_code from smelts")).one() == (
            "failed",
            "nothing_completed",
        )


def test_followers_are_told_of_an_output_that_is_tried_again(services: Services) -> None:
    with services.database.service() as conn:
        before = conn.execute(text("select version from smelts")).scalar_one()

    assert run(services, fails_with(RateLimited(30)))

    with services.database.service() as conn:
        # Of its claim, and of its failure
        assert conn.execute(text("select version from smelts")).scalar_one() == before + 2


def test_no_error_is_tried_more_often_than_allowed(services: Services) -> None:
    for _ in range(services.settings.max_attempts):
        assert run(services, fails_with(ZeroDivisionError()))
        with services.database.service() as conn:
            conn.execute(
                text("update smelt_outputs set status = 'pending', run_at = null where status = 'waiting'")
            )

    assert not run(services, fails_with(ZeroDivisionError()))
    with services.database.service() as conn:
        row = conn.execute(text("select status, error_code, attempt, failures from smelt_outputs")).one()
    assert tuple(row) == ("failed", "internal_error", 3, 3)


def test_a_commit_that_took_place_unseen_is_not_made_twice(services: Services) -> None:
    def perform(task: Task) -> None:
        for _ in range(2):  # as if the first reply had been lost
            task.services.record(lambda conn: finish_output(conn, task.claim, "model", 1, 1))

    assert run(services, perform)

    with services.database.service() as conn:
        row = conn.execute(text("select status, attempt from smelt_outputs")).one()
    assert tuple(row) == ("completed", 1)


def test_one_notification_leads_to_the_next_while_there_is_work(services: Services) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=1))

    assert run(services, fails_with(WorkError(ErrorCode.INTERNAL_ERROR)))
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 1
    assert run(services, fails_with(WorkError(ErrorCode.INTERNAL_ERROR)))
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 1
    assert not run(services, fails_with(WorkError(ErrorCode.INTERNAL_ERROR)))


def test_nobody_is_notified_where_somebody_is_about_to_look(services: Services) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=3))
    fail = fails_with(WorkError(ErrorCode.INTERNAL_ERROR))

    with services.lookers.looking(Queue.SYNTHESIZE):
        assert run(services, fail)
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 0
    with services.lookers.looking(Queue.SYNTHESIZE_SHORT):  # for something else
        assert run(services, fail)
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 1
    assert run(services, fail)
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 1  # whoever takes it will look


def test_a_stopping_worker_claims_nothing(services: Services) -> None:
    stopping = threading.Event()
    stopping.set()
    assert not run_next(services, ActorName.APPLY_SEPARATE, fails_with(GiveBack()), stopping)
    with services.database.service() as conn:
        assert conn.execute(text("select attempt from smelt_outputs")).scalar_one() == 0


class Forgetful(Database):
    """Loses the reply to its first commit, or (`before`) all of that transaction."""

    losses = 1
    before = False

    @contextmanager
    def service(self) -> Iterator[Connection]:
        with self._losing(super().service()) as conn:
            yield conn

    @contextmanager
    def brief(self) -> Iterator[OneExchange]:
        with self._losing(super().brief()) as conn:
            yield conn

    @contextmanager
    def _losing(self, begun: AbstractContextManager[C]) -> Iterator[C]:
        with begun as conn:
            yield conn
            if self.losses and self.before:
                self.losses -= 1
                raise DatabaseUnavailable("before the commit")
        if self.losses:
            self.losses -= 1
            raise DatabaseUnavailable("after the commit")


@pytest.mark.parametrize("before", [True, False])
def test_a_claim_without_a_reply_runs_if_it_took_place(
    services: Services, settings: Settings, *, before: bool
) -> None:
    forgetful = Forgetful(settings.need("database_url"))
    forgetful.before = before
    claims: list[Claim] = []

    ran = run(replace(services, database=forgetful), lambda task: claims.append(task.claim))

    forgetful.close()
    assert ran is not before
    assert [(claim.attempt, claim.failures) for claim in claims] == ([] if before else [(1, 0)])
    with services.database.service() as conn:
        row = conn.execute(text("select status, attempt from smelt_outputs")).one()
    assert tuple(row) == (("pending", 0) if before else ("processing", 1))


def test_another_s_claim_is_never_taken_for_one_s_own(services: Services) -> None:
    with services.database.service() as conn:
        mine = claim_next(conn, OUTPUTS, 30)
        conn.rollback()
    with services.database.service() as conn:
        anothers = claim_next(conn, OUTPUTS, 30)
    assert mine is not None
    assert anothers is not None
    assert mine.attempt == anothers.attempt
    with services.database.service() as conn:
        assert claim_committed(conn, OUTPUTS, anothers)
        assert not claim_committed(conn, OUTPUTS, mine)
