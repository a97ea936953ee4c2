"""When a webhook is sent again: over a day and a bit, and then no more."""

import pytest

from pipeline.errors import GiveBack, WorkError
from pipeline.retry import DELIVERY_ATTEMPTS, GiveUp, TryAgain, decide_delivery
from pipeline.states import ErrorCode

FAILED = WorkError(ErrorCode.DELIVERY_FAILED, retryable=True)


def test_a_receiver_has_a_day_to_be_mended() -> None:
    decisions = [decide_delivery(FAILED, failures) for failures in range(DELIVERY_ATTEMPTS)]
    delays = [decision.delay for decision in decisions if isinstance(decision, TryAgain)]
    assert decisions[-1] == GiveUp(ErrorCode.DELIVERY_FAILED)
    assert len(delays) == DELIVERY_ATTEMPTS - 1
    assert delays[0] < 10
    assert 24 * 3_600 < sum(delays) < 48 * 3_600
    assert all(isinstance(decision, GiveUp) or decision.counts for decision in decisions)


@pytest.mark.parametrize(("asked", "least"), [(None, 5), (0.0, 5), (2.0, 5), (60.0, 60), (3_600.0, 3_600)])
def test_a_receiver_may_ask_for_a_longer_pause(asked: float | None, least: float) -> None:
    error = WorkError(ErrorCode.DELIVERY_FAILED, retryable=True, retry_after=asked)
    decision = decide_delivery(error, 0)
    assert isinstance(decision, TryAgain)
    assert least <= decision.delay <= 1.25 * least


def test_but_not_for_so_long_that_the_day_never_ends() -> None:
    error = WorkError(ErrorCode.DELIVERY_FAILED, retryable=True, retry_after=86_400.0)
    decisions = [decide_delivery(error, failures) for failures in range(DELIVERY_ATTEMPTS)]
    assert decisions[-1] == GiveUp(ErrorCode.DELIVERY_FAILED)
    assert sum(decision.delay for decision in decisions if isinstance(decision, TryAgain)) < 48 * 3_600


def test_one_that_wants_no_more_gets_no_more() -> None:
    assert decide_delivery(WorkError(ErrorCode.DELIVERY_FAILED), 0) == GiveUp(ErrorCode.DELIVERY_FAILED)


def test_a_worker_that_stops_costs_nothing() -> None:
    assert decide_delivery(GiveBack(), 100) == TryAgain(0.0, counts=False)
