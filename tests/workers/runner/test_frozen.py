"""A worker that is frozen in the middle of its transactions keeps others waiting for one idle one, not for all."""

import threading
import time
from contextlib import suppress

from sqlalchemy import text

from db.session import IDLE_TIMEOUT, Database, DatabaseUnavailable
from tests.support.waiting import wait_until
from workers.services import LOCK_TIMEOUT, Services

LOCK = text("select pg_advisory_xact_lock(1)")
WAITING = text(
    """
    select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database
    where datname = current_database() and locktype = 'advisory' and not granted
    """
)
THREADS = 3  # beside the one that holds the lock


def test_who_waits_for_a_frozen_worker_waits_for_one_transaction(
    services: Services, database: Database
) -> None:
    thawed = threading.Event()

    def work() -> None:
        with suppress(DatabaseUnavailable), services.database.service() as conn:
            conn.execute(LOCK)
            thawed.wait(120)

    threads = [threading.Thread(target=work) for _ in range(1 + THREADS)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: _waiting(database) == THREADS)
        started = time.monotonic()
        with database.service() as conn:
            conn.execute(LOCK)
        took = time.monotonic() - started
    finally:
        thawed.set()
        for thread in threads:
            thread.join()
    assert took < (IDLE_TIMEOUT + LOCK_TIMEOUT).total_seconds()


def _waiting(database: Database) -> int:
    with database.service() as conn:
        return int(conn.execute(WAITING).scalar_one())
