"""Whose a speech process's seconds are, while several recordings share it."""

import pytest

from pipeline.speech.pace import MEMORY, Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_recordings_under_way_share_the_seconds() -> None:
    clock = Clock()
    pace = Pace(clock)
    begun = pace.now()
    clock.now += 1.0  # with none it runs as the wall's clock does
    assert pace.now() - begun == pytest.approx(1.0)
    with pace.shared():
        clock.now += 4.0
        assert pace.now() - begun == pytest.approx(5.0)
        with pace.shared(), pace.shared():
            clock.now += 6.0
            assert pace.now() - begun == pytest.approx(7.0)
        clock.now += 1.0
    assert pace.now() - begun == pytest.approx(8.0)


def test_its_pace_is_that_of_late() -> None:
    pace = Pace(Clock())
    assert pace.seconds_per_second == 1.0
    pace.note(10.0, 2.0)
    assert pace.seconds_per_second == 5.0
    pace.note(10.0, 10.0)
    assert pace.seconds_per_second == pytest.approx((10 * MEMORY + 10) / (2 * MEMORY + 10))
