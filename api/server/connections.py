"""The connections of this process: how many there may be, in all and from one address, and which have stalled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Protocol

from api.auth.client_address import parsed, subscriber
from api.auth.rate import address_rate
from api.auth.rate_limiter import LocalRateLimiter
from pipeline.concurrency import Limit
from pipeline.net.networks import Network

LOOK_SECONDS = 1.0  # between two looks at all connections
# Beyond a limit so many more are let in, only to be told so; the others are closed at once.
TOLD_IN_ALL = 32
TOLD_OF_ONE = 8


class Entry(Enum):
    SERVED = auto()
    OVER_OWN_LIMIT = auto()  # to be told so
    OVER_ALL_LIMITS = auto()
    DROPPED = auto()


class Watched(Protocol):
    """A connection."""

    def check_delivery(self, now: float) -> None:
        """Closes itself if its peer doesn't take what it was sent. `now`: seconds, by the event loop's clock."""


class Connections:
    """Used by one event loop. Peers in `trusted` networks, which speak for many, are counted in all alone."""

    def __init__(
        self, limit: Limit, trusted: Sequence[Network], *, slowest_reader: float, rate_address: int
    ) -> None:
        """`slowest_reader`: bytes a second; `rate_address`: new connections a minute of one address."""
        self.slowest_reader = slowest_reader
        self._limit = limit
        self._limiter = LocalRateLimiter()
        self._rate = address_rate(rate_address)
        self._trusted = trusted
        self._open: dict[Watched, str] = {}
        self._of_one: Counter[str] = Counter()

    def enter(self, connection: Watched, host: str) -> Entry:
        """To be followed by `leave`, whatever is answered."""
        peer = self._peer(host)
        self._open[connection] = peer
        self._of_one[peer] += 1
        beyond_own = self._of_one[peer] - self._limit.each if peer else 0
        beyond_all = len(self._open) - self._limit.total
        if beyond_own > TOLD_OF_ONE or beyond_all > TOLD_IN_ALL or self._too_fast(peer):
            return Entry.DROPPED
        if beyond_own > 0:
            return Entry.OVER_OWN_LIMIT
        return Entry.OVER_ALL_LIMITS if beyond_all > 0 else Entry.SERVED

    def _too_fast(self, peer: str) -> bool:
        """Each costs as much as a small request, whatever it is then told."""
        return bool(peer) and not self._limiter.acquire(peer, self._rate).allowed

    def leave(self, connection: Watched) -> None:
        peer = self._open.pop(connection)
        self._of_one[peer] -= 1
        if self._of_one[peer] == 0:
            del self._of_one[peer]

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for connection in list(self._open):
                connection.check_delivery(loop.time())

    def _peer(self, host: str) -> str:
        """Empty for one that has no limit of its own."""
        address = parsed(host)
        if address is None or any(address in network for network in self._trusted):
            return ""
        return str(subscriber(address))
