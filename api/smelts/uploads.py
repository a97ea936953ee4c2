"""Posts under way. A service that stops cancels them, and must not end before they have cleaned up."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("smelt.api")


class Uploads:
    """Counts them. Used by one event loop."""

    def __init__(self) -> None:
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        self._under_way += 1
        self._none.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._none.set()

    async def ended(self, within: float) -> None:
        """Waits for all of them, at most `within` seconds; what they leave then is the sweep of orphans' matter."""
        try:
            async with asyncio.timeout(within):
                await self._none.wait()
        except TimeoutError:
            log.warning("stopping with %d uploads that have not cleaned up", self._under_way)
