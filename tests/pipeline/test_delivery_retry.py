"""When a webhook is sent again: over a day and a bit, and then no more."""

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


def test_one_that_wants_no_more_gets_no_more() -> None:
    assert decide_delivery(WorkError(ErrorCode.DELIVERY_FAILED), 0) == GiveUp(ErrorCode.DELIVERY_FAILED)


def test_a_worker_that_stops_costs_nothing() -> None:
    assert decide_delivery(GiveBack(), 100) == TryAgain(0.0, counts=False)
