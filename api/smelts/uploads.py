"""Posts under way. A service that stops cancels them, and must not end before they have cleaned up.

And whose turn it is at the event loop: parsing a slice of a body takes a millisecond or so, and one caller may have a
hundred posts.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

log = logging.getLogger("smelt.api")


class Uploads:
    """Counts them. Used by one event loop."""

    def __init__(self) -> None:
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

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

    async def pause(self, tenant: str) -> None:
        """Between two slices of a body. In one round of the event loop one post of a tenant goes on: what is small and
        another's waits for a slice of each tenant, not of each post.
        """
        turn = self._turns.setdefault(tenant, asyncio.Lock())
        async with turn:
            await asyncio.sleep(0)

    async def ended(self, within: float) -> None:
        """Waits for all of them, at most `within` seconds; what they leave then is the sweep of orphans' matter."""
        try:
            async with asyncio.timeout(within):
                await self._none.wait()
        except TimeoutError:
            log.warning("stopping with %d uploads that have not cleaned up", self._under_way)
