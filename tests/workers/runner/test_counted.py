"""Each claim is counted once, and each attempt by how it ended, as Postgres has it."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from pipeline.errors import DiedInCompany, GiveBack, LostLease, RateLimited, WorkError
from pipeline.metrics.work import Outcome
from pipeline.states import ErrorCode, WaitingFor
from tests.support.cast import Cast
from tests.support.scraping import rise, told
from tests.support.smelts import admit_all, new_smelt, set_credits
from tests.support.waiting import wait_until
from workers.notifications.queues import ActorName
from workers.reconciler.loop import tick
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

AWAY = WorkError(ErrorCode.INTERNAL_ERROR, retryable=True, waiting_for=WaitingFor.CONTENT_STORE)


def raises(error: Exception) -> Callable[[Task], None]:
    def perform(task: Task) -> None:
        raise error

    return perform


@pytest.fixture
def recording(services: Services, cast: Cast) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
        admit_all(conn, new_smelt(cast.ada.id, audio=1))


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (WorkError(ErrorCode.CORRUPTED_FILE), Outcome.FAILED, ErrorCode.CORRUPTED_FILE),
        (WorkError(ErrorCode.TIMED_OUT, retryable=True), Outcome.AGAIN, ErrorCode.TIMED_OUT),
        (ZeroDivisionError(), Outcome.AGAIN, ErrorCode.INTERNAL_ERROR),
        (RateLimited(30), Outcome.PUT_OFF, ErrorCode.API_RATE_LIMITED),
        (DiedInCompany(), Outcome.PUT_OFF, ErrorCode.WORKER_LOST),
        (AWAY, Outcome.OUTAGE, ErrorCode.INTERNAL_ERROR),
        (GiveBack(), Outcome.GIVEN_BACK, ""),
        (LostLease(), Outcome.LOST, ""),
    ],
)
def test_an_attempt_is_counted_by_how_it_ended(
    services: Services, error: Exception, outcome: Outcome, code: str
) -> None:
    before = told()
    assert run_next(services, ActorName.TRANSCRIBE_FILE, raises(error), threading.Event())
    assert rise(before, "smelt_work_attempts_total", queue="transcribe", outcome=outcome, code=code) == 1
    assert rise(before, "smelt_work_attempts_total") == 1
    for name in (
        "smelt_work_claims_total",
        "smelt_work_wait_seconds_count",
        "smelt_work_claim_seconds_count",
    ):
        assert rise(before, name, queue="transcribe") == 1
    assert rise(before, "smelt_work_attempt_seconds_count", queue="transcribe") == 1
    assert told().total("smelt_work_under_way", queue="transcribe") == 0


def test_nothing_to_claim_counts_nothing(services: Services) -> None:
    before = told()
    assert not run_next(services, ActorName.TRANSCRIBE_FILE, raises(ZeroDivisionError()), threading.Event())
    assert rise(before, "smelt_work_claims_total") == 0


@pytest.mark.usefixtures("recording")
def test_how_long_work_was_ready_is_told_by_its_claim(services: Services, owner_url: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("update smelt_files set updated_at = now() - interval '2 minutes'")
    before = told()
    assert run_next(services, ActorName.TRANSCRIBE_FILE, raises(GiveBack()), threading.Event())
    assert 120 <= rise(before, "smelt_work_wait_seconds_sum", queue="transcribe") < 150


@pytest.mark.usefixtures("recording")
def test_what_a_silent_worker_held_is_counted_by_the_reconciler(services: Services, owner_url: str) -> None:
    def run_out() -> int:
        with psycopg.connect(owner_url) as owner:
            owner.execute("update smelt_files set lease_until = now() - interval '1 second'")
        return tick(services)["rescue_expired"]

    def fall_silent(task: Task) -> None:
        wait_until(run_out)  # its own heartbeat may come between

    before = told()
    assert run_next(services, ActorName.TRANSCRIBE_FILE, fall_silent, threading.Event())
    assert rise(before, "smelt_work_rescues_total", queue="transcribe") == 1
