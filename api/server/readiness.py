"""Whether this process can serve, found out for all who want to know: by one look at a time, whose word holds a while.

Readiness isn't counted against anyone's rate, so each look of its own would let anybody take threads and connections.
"""

import asyncio
import logging
import time
from collections.abc import Iterable

from anyio import CapacityLimiter, to_thread

from pipeline.checks import Check, NotReady

log = logging.getLogger("smelt.api")

DEADLINE = 3.0  # seconds, from a look's beginning, in which it has to end
FAILURE_BELIEVED = 2.0  # seconds at most


class Belief:
    """What a check has said last, and until when that holds."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.refusal: NotReady | None = None
        self._until = float("-inf")

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._until

    def renew(self) -> None:
        before, held = self.refusal, self.check.believed
        try:
            self.check.probe()
            self.refusal = None
        except NotReady as refusal:
            self.refusal, held = refusal.with_traceback(None), min(held, FAILURE_BELIEVED)
        self._until = time.monotonic() + held
        if self.refusal is not None and (before is None or before.full != self.refusal.full):
            log.warning("not ready: %s: %s", self.check.name, self.refusal.full)
        elif self.refusal is None and before is not None:
            log.info("ready again: %s", self.check.name)


class Readiness:
    """Used by one event loop."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._beliefs = [Belief(check) for check in checks]
        self._thread = CapacityLimiter(1)
        self._look: asyncio.Future[None] | None = None
        self._began = 0.0
        self._at = ""

    async def check(self) -> None:
        """Raises NotReady. Waits for no look longer than until its deadline."""
        if (self._look is None or self._look.done()) and any(belief.due for belief in self._beliefs):
            self._began = time.monotonic()
            self._look = asyncio.ensure_future(
                to_thread.run_sync(self._renew, limiter=self._thread, abandon_on_cancel=True)
            )
        if self._look is not None:
            await asyncio.wait({self._look}, timeout=max(0.0, self._began + DEADLINE - time.monotonic()))
            if not self._look.done():
                raise NotReady(f"The {self._at} has not answered within {DEADLINE:g} seconds.")
            self._look.result()
        for belief in self._beliefs:
            if belief.refusal is not None:
                raise belief.refusal.with_traceback(None)

    def _renew(self) -> None:
        """Up to the first that refuses: those behind it can't be able to serve either."""
        for belief in self._beliefs:
            if belief.due:
                self._at = belief.check.name
                belief.renew()
            if belief.refusal is not None:
                return
