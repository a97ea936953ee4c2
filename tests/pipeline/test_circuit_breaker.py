"""A server that is away is tried by one caller a pause, and by all once it has answered."""

import pytest

from pipeline.circuit_breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker
from pipeline.content.errors import ContentMissing, ContentUnavailable
from pipeline.errors import GiveBack, LostLease
from pipeline.states import WaitingFor


class Line:
    """Calls of a store, in a time of their own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.made = 0
        self.breaker = CircuitBreaker(
            WaitingFor.CONTENT_STORE,
            lambda seconds: ContentUnavailable(retry_after=seconds),
            lambda: self.now,
        )

    def call(self, error: Exception | None = None, *, lasting: float = 0.0) -> float | None:
        """None: it was made; else after how many seconds it may be."""
        made = self.made
        try:
            with self.breaker.calling():
                self.made += 1
                self.now += lasting
                if error is not None:
                    raise error
        except ContentUnavailable as refused:
            return None if self.made > made else refused.retry_after
        except (ContentMissing, GiveBack, LostLease):
            return None
        return None

    def fail(self, times: int) -> None:
        for _ in range(times):
            self.call(ContentUnavailable())


@pytest.fixture
def line() -> Line:
    return Line()


def test_several_in_a_row_open_it_and_what_had_an_answer_begins_anew(line: Line) -> None:
    line.fail(FAILURES - 1)
    line.call(ContentMissing())  # an answer too
    line.fail(FAILURES - 1)
    assert not line.breaker.open
    line.fail(1)
    assert line.breaker.open


def test_a_thousand_callers_make_one_call_a_pause_and_ever_longer_ones(line: Line) -> None:
    line.fail(FAILURES)
    pauses, begun, made = [], line.now, line.made
    while line.now < begun + 100:
        for _ in range(1_000):
            line.call(ContentUnavailable())
        if line.made > made:
            assert line.made == made + 1
            pauses.append(line.now - begun)
            begun, made = line.now, line.made
            if len(pauses) == 6:
                break
        line.now += 0.25
    assert pauses == [1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE, LONGEST_PAUSE]


def test_who_is_put_off_is_told_until_when(line: Line) -> None:
    line.fail(FAILURES)
    line.now += 0.25
    assert line.call() == FIRST_PAUSE - 0.25
    assert line.made == FAILURES


def test_one_answer_closes_it(line: Line) -> None:
    line.fail(FAILURES)
    line.now += FIRST_PAUSE
    assert line.call() is None
    assert not line.breaker.open
    assert [line.call() for _ in range(3)] == [None] * 3
    assert line.made == FAILURES + 4


@pytest.mark.parametrize("error", [GiveBack(), LostLease()], ids=lambda error: type(error).__name__)
def test_a_worker_that_stops_says_nothing_of_the_server(line: Line, error: Exception) -> None:
    line.fail(FAILURES)
    line.now += FIRST_PAUSE
    line.call(error)
    assert line.breaker.open
    assert line.call() == FIRST_PAUSE  # the next one's turn is a pause later
    line.now += FIRST_PAUSE
    assert line.call() is None
    assert not line.breaker.open


def test_what_was_under_way_when_it_opened_neither_closes_it_nor_lengthens_the_pause(line: Line) -> None:
    began = line.now

    def long_call() -> None:
        with line.breaker.calling():
            line.now += 1.0
            line.fail(FAILURES)
            raise ContentUnavailable

    with pytest.raises(ContentUnavailable):
        long_call()
    line.breaker.note_answer(began)
    assert line.breaker.open
    line.now += FIRST_PAUSE
    assert line.call() is None
    assert not line.breaker.open
