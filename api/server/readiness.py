"""Whether this process can serve, asked of the database for all who want to know: once a second at the most.

Readiness isn't counted against anyone's rate, so each look of its own would let anybody take threads and connections.
"""

import asyncio
import time

from anyio import CapacityLimiter, to_thread

from db.readiness import NotReady, check_ready
from db.session import Database, DatabaseUnavailable

BELIEVED_SECONDS = 1.0


class Readiness:
    """Used by one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = CapacityLimiter(1)
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._refusal: NotReady | DatabaseUnavailable | None = None

    async def check(self) -> None:
        """Raises NotReady, DatabaseUnavailable."""
        async with self._looking:
            if time.monotonic() - self._looked > BELIEVED_SECONDS:
                self._refusal = await to_thread.run_sync(self._look, limiter=self._thread)
                self._looked = time.monotonic()
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)

    def _look(self) -> NotReady | DatabaseUnavailable | None:
        try:
            check_ready(self._database)
        except (NotReady, DatabaseUnavailable) as refusal:
            return refusal
        return None
