"""When work is tried again, by what went wrong."""

import pytest

from pipeline.content.errors import ContentMissing, ContentTampered, ContentUnavailable
from pipeline.errors import DiedInCompany, GiveBack, RateLimited, Unanswered, WorkError
from pipeline.retry import (
    Decision,
    GiveUp,
    TryAgain,
    decide,
    outage_wait,
    rate_limit_wait,
    within_patience,
)
from pipeline.states import ErrorCode, WaitingFor


def _unavailable(retry_after: float | None = None) -> WorkError:
    return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, retry_after=retry_after)


MODEL = WaitingFor.LANGUAGE_MODEL


def _away(retry_after: float) -> WorkError:
    return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, retry_after=retry_after, waiting_for=MODEL)


def _outage(delay: float, what: WaitingFor) -> TryAgain:
    return TryAgain(delay, counts=False, waiting_for=what)


@pytest.mark.parametrize(
    ("error", "failures", "decision"),
    [
        (GiveBack(), 2, TryAgain(0.0, counts=False)),
        (DiedInCompany(), 2, TryAgain(0.0, counts=False, alone=True)),
        (RateLimited(), 2, TryAgain(20.0, counts=False)),
        (RateLimited(7.0), 2, TryAgain(7.0, counts=False)),
        (RateLimited(0.0), 0, TryAgain(1.0, counts=False)),
        (RateLimited(3_000.0), 0, TryAgain(3_000.0, counts=False)),
        (RateLimited(86_400.0), 0, TryAgain(3_600.0, counts=False)),
        (_unavailable(), 0, TryAgain(2.0, counts=True)),
        (_unavailable(), 1, TryAgain(4.0, counts=True)),
        (_unavailable(0.0), 1, TryAgain(4.0, counts=True)),
        (_unavailable(1_800.0), 1, TryAgain(1_800.0, counts=True)),
        (_unavailable(86_400.0), 1, TryAgain(3_600.0, counts=True)),
        (_unavailable(), 2, GiveUp(ErrorCode.API_UNAVAILABLE)),
        (WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, waiting_for=MODEL), 2, _outage(1.0, MODEL)),
        (_away(90.0), 2, _outage(90.0, MODEL)),
        (_away(86_400.0), 2, _outage(3_600.0, MODEL)),
        (ContentUnavailable(), 2, _outage(1.0, WaitingFor.CONTENT_STORE)),
        (ContentMissing(), 0, GiveUp(ErrorCode.CONTENT_EXPIRED)),
        (ContentTampered(), 0, GiveUp(ErrorCode.INTERNAL_ERROR, "The stored content is damaged.")),
        (Unanswered(ErrorCode.TIMED_OUT), 0, TryAgain(2.0, counts=True)),
        (WorkError(ErrorCode.API_KEY_INVALID), 0, GiveUp(ErrorCode.API_KEY_INVALID)),
    ],
)
def test_what_is_decided(
    monkeypatch: pytest.MonkeyPatch, error: WorkError, failures: int, decision: Decision
) -> None:
    monkeypatch.setattr("pipeline.retry._spread", lambda seconds: seconds)
    assert decide(error, failures, 3) == decision


@pytest.mark.parametrize(
    ("asked", "attempt", "seconds"),
    [
        *((0.0, 1, 1.0), (0.0, 2, 2.0), (0.001, 4, 8.0), (0.0, 6, 20.0), (0.0, 100_000, 20.0)),
        *((1.0, 1, 1.0), (5.0, 3, 5.0), (600.0, 9, 600.0), (9_999.0, 1, 3_600.0), (None, 9, 20.0)),
    ],
)
def test_a_rate_limit_that_asks_for_no_patience_meets_some(
    asked: float | None, attempt: int, seconds: float
) -> None:
    assert rate_limit_wait(asked, attempt) == seconds
    wait = decide(RateLimited(asked), 0, 3, attempt)
    assert isinstance(wait, TryAgain)
    assert seconds <= wait.delay <= 1.25 * seconds


@pytest.mark.parametrize(
    ("asked", "attempt", "seconds"),
    [(None, 1, 1.0), (None, 2, 2.0), (None, 6, 32.0), (None, 7, 60.0), (None, 100_000, 60.0), (5.0, 2, 5.0)],
)
def test_an_outage_is_looked_at_less_and_less_often(
    asked: float | None, attempt: int, seconds: float
) -> None:
    assert outage_wait(asked, attempt) == seconds
    wait = decide(ContentUnavailable(), 0, 1, attempt) if asked is None else None
    assert wait is None or (isinstance(wait, TryAgain) and seconds <= wait.delay <= 1.25 * seconds)


@pytest.mark.parametrize(
    ("decision", "waited", "lasts"),
    [
        (_outage(60.0, MODEL), 0.0, True),
        (_outage(60.0, MODEL), 3_600.0, True),
        (_outage(60.0, MODEL), 3_601.0, False),
        (_outage(60.0, WaitingFor.CONTENT_STORE), 3_601.0, False),
        (TryAgain(2.0, counts=True), 3_601.0, True),
        (GiveUp(ErrorCode.TIMED_OUT), 3_601.0, True),
    ],
)
def test_an_outage_is_waited_out_for_as_long_as_the_operator_has_patience(
    decision: Decision, waited: float, *, lasts: bool
) -> None:
    expected = decision if lasts else GiveUp(ErrorCode.API_UNAVAILABLE)
    assert within_patience(_away(1.0), decision, waited, 3_600.0) == expected
