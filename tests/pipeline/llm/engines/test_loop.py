"""Async calls run for a thread, which ticks meanwhile and may give them up."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.llm.engines.loop import LoopThread


async def _nothing() -> None:
    pass


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close(_nothing())


def _ignore() -> None:
    pass


def test_results_and_errors_come_through(loop: LoopThread) -> None:
    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise TimeoutError("its own")

    assert loop.run(answer(), _ignore) == 42
    with pytest.raises(TimeoutError, match="its own"):
        loop.run(fail(), _ignore)


@pytest.mark.parametrize("after", [1, 2])
def test_a_tick_that_raises_cancels_and_waits_until_all_is_let_go(loop: LoopThread, after: int) -> None:
    begun, let_go = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            let_go.set()

    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == after:
            raise KeyError

    started = time.monotonic()
    with pytest.raises(KeyError):
        loop.run(work(), tick)
    assert let_go.is_set() or not begun.is_set()
    assert time.monotonic() - started < 3
