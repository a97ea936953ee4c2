"""What hangs and what crawls is given up; what gets on, however slowly, is not."""

from collections.abc import Callable

import pytest

from pipeline.stall_detector import Checkpoint, next_checkpoint

WINDOW, SLOWEST = 300.0, 0.05


def given_up_at(done_at: Callable[[float], float], length: float) -> float | None:
    """Seconds of work after which a recording is given up that is looked at once a second; None: it came to its end."""
    checkpoint, now = Checkpoint(0.0, 0.0), 0.0
    while done_at(now) < length:
        now += 1.0
        moved = next_checkpoint(checkpoint, min(done_at(now), length), now, window=WINDOW, slowest=SLOWEST)
        if moved is None:
            return now
        checkpoint = moved
    return None


@pytest.mark.parametrize(
    ("done_at", "length", "expected"),
    [
        (lambda now: 5.0 * now, 36_000.0, None),
        (lambda now: 0.1 * now, 14_400.0, None),  # ten times slower than it was spoken
        (lambda now: now // 200 * 30.0, 3_600.0, None),  # in leaps
        (lambda now: 0.0, 10.0, 301.0),  # noqa: ARG005 - hangs at once
        (lambda now: min(now, 60.0), 600.0, 361.0),  # hangs after a minute
        (lambda now: 0.04 * now, 600.0, 301.0),
        (lambda now: 600.0 * (1 - 0.5 ** (now / 60)), 600.0, 800.0),  # ever smaller steps
    ],
    ids=["fast", "slow", "leaps", "hangs", "hangs later", "crawls", "ever slower"],
)
def test_who_keeps_the_pace_may_go_on(
    done_at: Callable[[float], float], length: float, expected: float | None
) -> None:
    assert given_up_at(done_at, length) == expected


def test_no_attempt_is_without_end() -> None:
    """An engine that leaps as far as it must, as seldom as it may, and stops before the end."""
    length = 600.0

    given_up = given_up_at(lambda now: min(now // 299 * 15.0, length - 0.001), length)

    assert given_up is not None
    assert given_up <= length / SLOWEST + WINDOW
