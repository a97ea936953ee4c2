"""A worker's hold on a row while it works: kept by `workers/runner/heartbeat.py`, and noticed when it is gone."""

import threading
import time
from collections.abc import Callable

from db.session import Database, DatabaseUnavailable
from db.work.claims import Claim, WorkTable
from db.work.parts import tell_progress
from pipeline.errors import GiveBack, LostLease

TELL_SECONDS = 0.75  # between two pieces of progress that followers are told of, at least
STEP = 0.01  # progress worth telling at once
LONGEST_SILENCE = 1.5  # seconds after which any is: followers hear within two of what moves


class Lease:
    """Engines call `tick` every half second or so while they work, from one thread; the heartbeat calls `note_…`.

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
        self.table = table
        self.claim = claim
        self._database = database
        self._seconds = seconds
        self._stopping = stopping
        self._grace = grace
        self._clock = clock
        self._begun = self._ticked = self._renewed = self._looked = clock()
        self._told = 0.0
        self._stop_at: float | None = None
        self._lost = False

    @property
    def age(self) -> float:
        """Seconds since the row was claimed."""
        return self._clock() - self._begun

    @property
    def stopping(self) -> bool:
        """Whether the process was asked to stop."""
        return self._stopping.is_set()

    def tick(self, progress: float) -> None:
        """`progress`: 0 to 1. Raises LostLease, or GiveBack when the process has to stop, or the lease ran out.

        Past its end somebody else may have the row, or it is to be given back: Postgres was out of reach, or this
        process stood still.
        """
        self._ticked = now = self._clock()
        self._check_stopping(now)
        if self._lost:
            raise LostLease
        if now - self._renewed > self._seconds:
            raise GiveBack("The lease could not be renewed.")
        begun = self._told == 0.0 and progress > 0.0
        due = begun or progress >= self._told + STEP
        silent = progress > self._told and now - self._looked >= LONGEST_SILENCE
        if silent or (due and now - self._looked >= TELL_SECONDS):
            self._looked = now
            self._tell(progress)

    def silent_for(self, seconds: float) -> bool:
        """Whether it hasn't been ticked for so long: the task hangs, and is not to be kept alive."""
        return self._clock() - self._ticked > seconds

    def note_renewed(self) -> None:
        self._renewed = self._clock()

    def note_lost(self) -> None:
        """The row is no longer ours: canceled, deleted, or rescued by another."""
        self._lost = True

    def _tell(self, progress: float) -> None:
        try:
            with self._database.service() as conn:
                ours = tell_progress(conn, self.table, self.claim, self._seconds, progress)
        except DatabaseUnavailable:
            return  # told the next time
        if not ours:
            raise LostLease
        self._told = progress
        self.note_renewed()

    def _check_stopping(self, now: float) -> None:
        if not self._stopping.is_set():
            return
        if self._stop_at is None:
            self._stop_at = now + self._grace
        if now >= self._stop_at:
            raise GiveBack
