"""An event loop in a thread of its own, for callers that are not asynchronous.

Calls to a language model mostly wait, several at once, and must be stopped at any moment: that takes sockets
that can be canceled. Everything around them stays plain, blocking code.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotDone
from typing import Any, TypeVar

T = TypeVar("T")

TICK_SECONDS = 0.5


class LoopThread:
    """Starts its thread at the first call, so that a process may still fork after making it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], on_tick: Callable[[], None]) -> T:
        """The coroutine's result. Calls `on_tick` in this thread at once and every half second while it runs.

        Whatever `on_tick` raises cancels the coroutine, waits for it to let go of its connections, and is
        raised.
        """
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_signalling(work, ended), self._running())
        try:
            while True:
                on_tick()
                try:
                    return future.result(timeout=TICK_SECONDS)
                except NotDone:
                    if future.done():  # the coroutine's own TimeoutError
                        raise
        except BaseException:
            _stop(future, ended)
            raise

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Run `last` on the loop, then end the thread."""
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
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="llm", daemon=True)
                self._thread.start()
            return self._loop


async def _signalling(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()


def _stop(future: "Future[Any]", ended: threading.Event) -> None:
    if not future.done() and future.cancel():
        ended.wait(timeout=5.0)  # a coroutine that was canceled before it began never signals
