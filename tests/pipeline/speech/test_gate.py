"""Recordings that share a speech process, and those that are to be alone in it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pipeline.speech.gate import Gate
from tests.support.waiting import wait_until


class Recording:
    """One in a thread of its own; stays inside until it is told to leave."""

    def __init__(self, threads: ThreadPoolExecutor, gate: Gate, *, alone: bool) -> None:
        self._gate = gate
        self.inside, self.waited, self._leave = Event(), Event(), Event()
        self._ended = threads.submit(self._run, alone=alone)

    def leave(self) -> None:
        self._leave.set()
        self._ended.result(20)

    def _run(self, *, alone: bool) -> None:
        with self._gate.entered(self.waited.set, alone=alone):
            self.inside.set()
            assert self._leave.wait(20)


@pytest.fixture
def come() -> Callable[..., Recording]:
    gate = Gate()
    threads = ThreadPoolExecutor(8)
    return lambda alone=False: Recording(threads, gate, alone=alone)


def test_many_share_and_one_that_is_to_be_alone_waits_for_the_last(come: Callable[..., Recording]) -> None:
    first, second = come(), come()
    assert first.inside.wait(20)
    assert second.inside.wait(20)
    alone = come(alone=True)
    assert alone.waited.wait(20)
    first.leave()
    assert not alone.inside.is_set()
    second.leave()
    assert alone.inside.wait(20)
    alone.leave()


def test_who_comes_later_waits_until_it_has_been_alone(come: Callable[..., Recording]) -> None:
    first = come()
    assert first.inside.wait(20)
    alone = come(alone=True)
    assert alone.waited.wait(20)
    later = come()
    assert later.waited.wait(20)
    first.leave()
    assert alone.inside.wait(20)
    assert not later.inside.is_set()
    alone.leave()
    assert later.inside.wait(20)
    later.leave()


def test_two_that_are_to_be_alone_take_turns(come: Callable[..., Recording]) -> None:
    one, other = come(alone=True), come(alone=True)
    wait_until(lambda: one.inside.is_set() or other.inside.is_set())
    within, waiting = (one, other) if one.inside.is_set() else (other, one)
    assert waiting.waited.wait(20)
    assert not waiting.inside.is_set()
    within.leave()
    assert waiting.inside.wait(20)
    waiting.leave()


def test_who_stops_waiting_keeps_nobody_out() -> None:
    gate = Gate()

    def gone() -> None:
        raise KeyError("gone")

    with gate.entered(gone, alone=False):
        with pytest.raises(KeyError), gate.entered(gone, alone=True):
            raise AssertionError("it is not alone")
        with gate.entered(gone, alone=False):
            assert gate._inside == 2
    assert gate._inside == 0
