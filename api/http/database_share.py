"""A fair share of the database for each tenant: a few pieces of work at once; what is more waits on the event loop.

Without it one user's parallel requests take every connection and thread, and all others wait behind them. A waiting
request holds neither, and only its tenant's other requests are before it. It waits for some seconds at most, and only
so many may wait.

A turn that took long rests before the tenant has it again: who asks for heavy things without end would otherwise hold
the interpreter and the processors for all of the time, though few at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.errors import ApiError, Code

LONGEST_WAIT = 20.0  # seconds
MOST_WAITING = 200  # of one tenant
RETRY_SECONDS = 2.0
LONG = 0.05  # seconds; ordinary requests take a tenth of it
REST = 9  # times as long as it took: a third of a processor for the three turns of one tenant
LONGEST_REST = 1.0  # seconds: it may have waited for what is out of reach
TOO_MUCH = "Too many of your own requests are under way: come again after as long as `Retry-After` says."


class DatabaseShare:
    """Used by one event loop. `most`: pieces of work of one tenant at once."""

    def __init__(self, most: int, *, waiting: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting = waiting
        self._tenants: dict[str, _Turns] = {}

    @asynccontextmanager
    async def turn(self, tenant: str, longest_wait: float | None = LONGEST_WAIT) -> AsyncIterator[None]:
        """Waits for one of the tenant's turns, and holds it. Never nested: two of one tenant could wait for each other.

        `longest_wait`: seconds; None: for what has begun already and must go on, without a rest. Raises ApiError
        `busy`.
        """
        turns = self._tenants.get(tenant)
        if turns is None:
            turns = self._tenants[tenant] = _Turns(asyncio.Semaphore(self._most))
        if longest_wait is not None and turns.users >= self._most + self._waiting:
            raise _busy()
        turns.users += 1
        try:
            await _take(turns.free, longest_wait)
        except BaseException:
            self._leave(tenant)
            raise
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            yield
        finally:
            rest = 0.0 if longest_wait is None else rest_after(loop.time() - begun)
            if rest:
                loop.call_later(rest, self._give_back, tenant)
            else:
                self._give_back(tenant)

    def _give_back(self, tenant: str) -> None:
        self._tenants[tenant].free.release()
        self._leave(tenant)

    def _leave(self, tenant: str) -> None:
        turns = self._tenants[tenant]
        turns.users -= 1
        if turns.users == 0:
            del self._tenants[tenant]


@dataclass(slots=True)
class _Turns:
    """`users`: who hold or wait for one."""

    free: asyncio.Semaphore
    users: int = 0


async def _take(free: asyncio.Semaphore, longest_wait: float | None) -> None:
    try:
        async with asyncio.timeout(longest_wait):
            await free.acquire()
    except TimeoutError:
        raise _busy() from None


def rest_after(took: float) -> float:
    """Seconds in which the turn is nobody's, after so many of work."""
    return 0.0 if took < LONG else min(REST * took, LONGEST_REST)


def _busy() -> ApiError:
    return ApiError(Code.BUSY, TOO_MUCH, retry_after=RETRY_SECONDS)
