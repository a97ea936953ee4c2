"""A stop that is asked for is one wherever the signal meets the program."""

import signal
from collections.abc import Iterator
from typing import Any, cast

import pytest

from deploy.supervisor.service import Service
from deploy.supervisor.stop_signals import STOP_SIGNALS, StopRequested, stopping_on_signals


class Hurried:
    times = 0

    def hurry(self) -> None:
        self.times += 1


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def until_stopped(service: Hurried) -> Any:
    return stopping_on_signals(cast("Service", service))


class Stopping:
    """What a class body has made of it while the signal comes."""

    def __set_name__(self, owner: type, name: str) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_while_a_class_is_made_is_a_stop() -> None:
    """As imports do, which `up` makes while it starts."""
    with pytest.raises(StopRequested), until_stopped(Hurried()):

        class Made:
            stopping = Stopping()


def test_a_mistake_of_ones_own_stays_one() -> None:
    with pytest.raises(RuntimeError, match="not a stop"), until_stopped(Hurried()):
        raise RuntimeError("not a stop")


class Finalized:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_a_finalizer_loses_is_noted_and_a_second_signal_ends_the_wait() -> None:
    service, finalized = Hurried(), Finalized()
    with until_stopped(service) as asked:
        del finalized
        assert asked.is_set()
        assert service.times == 0
        signal.raise_signal(signal.SIGINT)
    assert service.times == 1
