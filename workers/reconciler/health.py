"""Whether the reconciler does its rounds, for `/healthz` and `/readyz`."""

import time
from collections.abc import Callable

from pipeline.checks import NotReady

HUNG_SECONDS = 300.0  # without the end of a round: a step against a database that is silent ends long before
LATE_ROUNDS = 10  # seconds of so many rounds, a minute at least, without one in which nothing failed


class Health:
    """Noted by the loop, asked by other threads."""

    def __init__(self, tick_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._late = max(60.0, LATE_ROUNDS * tick_seconds)
        self._hung = max(HUNG_SECONDS, LATE_ROUNDS * tick_seconds)
        self._clock = clock
        self._ended: float | None = None
        self._whole: float | None = None

    def note_round(self, *, whole: bool) -> None:
        """`whole`: nothing failed in it."""
        self._ended = self._clock()
        if whole:
            self._whole = self._ended

    def alive(self) -> None:
        """Raises NotReady once rounds don't end any more. Before the first it waits for the database."""
        if self._ended is not None and self._clock() - self._ended > self._hung:
            raise NotReady(f"No round has ended for {self._clock() - self._ended:.0f} s.")

    def ready(self) -> None:
        """Raises NotReady."""
        if self._whole is None:
            raise NotReady("No round has succeeded yet.")
        if self._clock() - self._whole > self._late:
            raise NotReady(f"No round has succeeded for {self._clock() - self._whole:.0f} s: see the log.")
