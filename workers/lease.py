"""A worker's hold on a row while it works: renewed in time, and noticed when it is gone."""

import threading
import time
from collections.abc import Callable

from db.parts import renew_part
from db.session import Database, DatabaseUnavailable
from db.work import Claim, WorkTable
from pipeline.errors import GiveBack, LostLease

# Between two looks, at least. Engines tick every half second, so each second tick looks, even one that comes early.
# With a second here it would often be the third, and a cancel could take more than two seconds to stop the work.
LOOK_SECONDS = 0.75
STEP = 0.01  # progress worth telling


class Lease:
    """Engines call `tick` every half second or so while they work, from one thread.

    `stopping` and `grace`: once the process was asked to stop, the work may go on for `grace` seconds.
    """

    def __init__(
        self,
        database: Database,
        table: WorkTable,
        claim: Claim,
        *,
        seconds: float,
        stopping: threading.Event,
        grace: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._table = table
        self._claim = claim
        self._seconds = seconds
        self._stopping = stopping
        self._grace = grace
        self._clock = clock
        self._looked = self._renewed = clock()
        self._told = 0.0
        self._stop_at: float | None = None

    @property
    def stopping(self) -> bool:
        """Whether the process was asked to stop."""
        return self._stopping.is_set()

    def tick(self, progress: float) -> None:
        """`progress`: 0 to 1. Raises LostLease, or GiveBack when the process has to stop or can't renew."""
        now = self._clock()
        self._check_stopping(now)
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        moved = progress >= self._told + STEP
        try:
            with self._database.service() as conn:
                ours = renew_part(conn, self._table, self._claim, self._seconds, progress, moved=moved)
        except DatabaseUnavailable:
            # The lease runs on without us; past its end somebody else may have the row, or it is to be given back.
            if self._clock() - self._renewed > self._seconds:
                raise GiveBack("Postgres was out of reach.") from None
            return
        if not ours:
            raise LostLease
        self._renewed = now
        if moved:
            self._told = progress

    def _check_stopping(self, now: float) -> None:
        if not self._stopping.is_set():
            return
        if self._stop_at is None:
            self._stop_at = now + self._grace
        if now >= self._stop_at:
            raise GiveBack
