"""The heartbeat of a worker process: one thread that renews the leases of all its work, and does nothing else.

So what a task does between two ticks (reading content, storing a result, waiting for a lock or a connection) costs it
no lease, and what other threads do can't hold this one up: it has a connection of its own and waits for no lock. A
process that is frozen or dead renews nothing; nor is a task renewed that hangs in a living one.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from db.session import Database, DatabaseUnavailable
from db.work.claims import WorkTable
from db.work.leases import renew_all
from db.work.presence import InHand
from db.work.tables import TABLES
from pipeline.settings import Settings
from pipeline.settings.work import HEARTBEAT_SECONDS, LONGEST_STEP
from workers.runner.lease import Lease

log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=2)  # of a statement; it waits for no lock
CLOSING_SECONDS = 2.0  # that its end may take where Postgres doesn't answer


class Heartbeat:
    """`keeping` is called by any thread; `beat` by one at a time. The thread starts with the first lease."""

    def __init__(self, database: Database, *, lease_seconds: float, stall_seconds: float) -> None:
        """`database`: used by nobody else. `stall_seconds`: for which a task may be silent and keep its lease."""
        self._database = database
        self._lease_seconds = lease_seconds
        self._stall_seconds = max(stall_seconds, lease_seconds)
        self._leases: set[Lease] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._reached = True

    @classmethod
    def open(cls, settings: Settings, process: str = "smelt worker") -> "Heartbeat":
        """Connects when there is something to renew. However soon recordings are given up, no sound step of any other
        work may cost a lease. Raises SettingMissing.
        """
        database = Database(
            settings.need("database_url"),
            process=f"{process} heartbeat",
            pool="heartbeat",
            pool_size=1,
            statement_timeout=TIMEOUT,
            lock_timeout=TIMEOUT,
        )
        stall_seconds = max(settings.stall_seconds, LONGEST_STEP)
        return cls(database, lease_seconds=settings.lease_seconds, stall_seconds=stall_seconds)

    @contextmanager
    def keeping(self, lease: Lease) -> Iterator[None]:
        """Renews it as long as the block runs and `lease` is ticked."""
        with self._lock:
            self._leases.add(lease)
            self._start()
        try:
            yield
        finally:
            with self._lock:
                self._leases.discard(lease)

    def in_hand(self) -> list[InHand]:
        """What this process works on."""
        with self._lock:
            return [InHand(lease.claim.id, round(lease.age, 1)) for lease in self._leases]

    def beat(self) -> None:
        """One round: each lease is renewed, or learns that it is lost. Nothing while Postgres is out of reach."""
        with self._lock:
            leases = [lease for lease in self._leases if not lease.silent_for(self._stall_seconds)]
        for table in TABLES:
            if ours := [lease for lease in leases if lease.table is table]:
                self._renew(table, ours)

    def close(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
        self._database.close()

    def _start(self) -> None:
        """From the first lease on, since a process may fork before; and anew after an error that nobody foresaw."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(HEARTBEAT_SECONDS):
            self.beat()

    def _renew(self, table: WorkTable, leases: list[Lease]) -> None:
        claims = [lease.claim for lease in leases]
        try:
            with self._database.service() as conn:
                ours, renewed = renew_all(conn, table, claims, self._lease_seconds)
        except DatabaseUnavailable as error:
            if self._reached:
                log.warning("Postgres is out of reach (%s); leases are not renewed", error)
            self._reached = False
            return
        except Exception as error:  # noqa: BLE001 - the work of this process hangs on this thread: it goes on
            log.error("the leases of %s are not renewed: %s", table.name, type(error).__name__)  # noqa: TRY400
            return
        self._reached = True
        for lease in leases:
            if lease.claim.id not in ours:
                lease.note_lost()
            elif lease.claim.id in renewed:
                lease.note_renewed()
