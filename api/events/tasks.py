"""The tasks that the hub has at work in its event loop: all of them end with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from api.errors import log_unexpected

PAUSE_SECONDS = 1.0  # before what ended by what nobody foresaw begins again


class Tasks:
    """Made anywhere, used in one event loop, and only while `running`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self.close()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """What lasts for ever doesn't begin again."""
        self._closing = True

    def start_for_ever(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Every stream hangs on it: should it end by what nobody foresaw, it begins again."""

        def again(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and not self._closing:
                asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.start_for_ever, work)

        self.start(work()).add_done_callback(again)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """What it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            log_unexpected(error)
