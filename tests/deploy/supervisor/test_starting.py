"""Which pools of a service that starts are waited for, and when that has no sense any more."""

import pytest

from deploy.problems import ServiceFailed
from deploy.supervisor.pool import POOL_FAILING, POOL_READY
from deploy.supervisor.starting import SILENT_WITHIN, StartingPools

READY = f"2026-11-27T08:00:00Z info    deliver 7 deploy.supervisor.pool: {POOL_READY}"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_pool_is_waited_for_until_it_says_that_it_is_ready() -> None:
    starting = StartingPools(["transcribe", "deliver"])
    starting.hear("api", READY)
    starting.hear("deliver", f"{READY}, almost")
    assert starting.waited_for == ["deliver", "transcribe"]
    starting.hear("deliver", READY)
    starting.hear("deliver", "working")
    assert starting.waited_for == ["transcribe"]
    starting.check()


def test_one_that_tells_how_far_it_is_may_take_its_time() -> None:
    clock = Clock()
    starting = StartingPools(["transcribe", "deliver"], clock)
    starting.hear("deliver", READY)
    for _ in range(10):
        clock.now += SILENT_WITHIN
        starting.hear("transcribe", "9% downloaded")
        starting.check()
    clock.now += SILENT_WITHIN + 1
    with pytest.raises(ServiceFailed, match=r"transcribe is not ready .* it last said: 9% downloaded"):
        starting.check()


def test_one_whose_processes_die_over_and_over_is_told_with_the_reason() -> None:
    starting = StartingPools(["transcribe"])
    starting.hear("transcribe", f"{POOL_FAILING}: transcribe-0 died 3 times; it last said: MemoryError")
    with pytest.raises(
        ServiceFailed, match=r"transcribe: .* transcribe-0 died 3 times; it last said: MemoryError"
    ):
        starting.check()
