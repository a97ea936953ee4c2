"""An event loop in a thread of its own, for callers that are not asynchronous.

Calls to a language model mostly wait, several at once, and must be stopped at any moment: that takes sockets that can
be canceled. Everything around them stays plain, blocking code.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

TICK_SECONDS = 0.5
_LETTING_GO = 5.0  # seconds that a canceled coroutine may take to close its connections


class LoopThread:
    """Starts its thread at the first call, so that a process may still fork after making it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], on_tick: Callable[[], None]) -> T:
        """The coroutine's result. Calls `on_tick` in this thread at once and every half second while it runs.

        Whatever `on_tick` raises cancels the coroutine, waits for it to let go of its connections, and is raised.
        """
        job = _Job(self._running(), work)
        try:
            on_tick()
            while not job.ended.wait(TICK_SECONDS):
                on_tick()
        except BaseException:
            job.cancel()
            raise
        return job.result()

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Run `last` on the loop, then end the thread. Nothing else may be running on it."""
        self.run(last, lambda: None)
        with self._lock:
            loop, thread = self._loop, self._thread
        if loop and thread:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = _new_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="llm", daemon=True)
                self._thread.start()
            return self._loop


def _new_loop() -> asyncio.AbstractEventLoop:
    """The quicker one where it runs: a call goes through the loop ten times and more."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415

    return uvloop.new_event_loop()


class _Job(Generic[T]):
    """A coroutine on another thread's loop. `ended` is set however it ends, also if it never began."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self.ended = threading.Event()
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[T] | None = None
        loop.call_soon_threadsafe(self._begin)

    def result(self) -> T:
        """Only once `ended` is set. Raises what the coroutine raised."""
        assert self._task is not None  # noqa: S101 (set before `ended` can be)
        return self._task.result()

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._cancel)
        self.ended.wait(_LETTING_GO)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(lambda _task: self.ended.set())

    def _cancel(self) -> None:  # after `_begin`: the loop keeps the order of calls
        if self._task is not None:
            self._task.cancel()
