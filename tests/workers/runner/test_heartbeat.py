"""Leases are renewed beside the work, whatever that does; only what hangs, or stands still, loses them."""

import threading
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from db.session import Database
from db.work.claims import Claim, claim_next
from db.work.expired import find_expired
from db.work.files import FILES
from db.work.leases import renew_all
from db.work.outputs import OUTPUTS
from pipeline.settings import Settings
from pipeline.settings.work import HEARTBEAT_SECONDS
from tests.support.heartbeats import HeartbeatByHand
from tests.support.smelts import admit_all, new_smelt
from tests.support.waiting import wait_until
from workers.notifications.queues import ActorName
from workers.runner.lease import Lease
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

LEASE = 2.0  # seconds


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """With a short lease, and as few connections as there can be."""
    services = Services.open(settings.model_copy(update={"lease_seconds": LEASE}), connections=1)
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=1, audio=2))
    yield services
    services.close()


def run_output(services: Services, perform: threading.Event) -> threading.Thread:
    """One that does nothing, and never ticks, until it is told to end."""
    begun = threading.Event()

    def work(_task: Task) -> None:
        begun.set()
        perform.wait(60)

    thread = threading.Thread(
        target=run_next, args=(services, ActorName.APPLY_SEPARATE, work, threading.Event())
    )
    thread.start()
    assert begun.wait(10)
    return thread


def expired(database: Database) -> list[Claim]:
    with database.service() as conn:
        return find_expired(conn, OUTPUTS, 10)


def seconds_left(database: Database, table: str = "smelt_outputs") -> list[float]:
    with database.service() as conn:
        sql = f"select extract(epoch from lease_until - now()) from {table} where status = 'processing' order by id"
        return [float(left) for left in conn.execute(text(sql)).scalars()]


def test_a_long_step_between_two_ticks_costs_no_lease(services: Services, database: Database) -> None:
    """Though all of the process's connections are taken, as by threads that wait for a lock."""
    over = threading.Event()
    thread = run_output(services, over)
    try:
        with services.database.service():
            deadline = time.monotonic() + 2 * LEASE
            while time.monotonic() < deadline:
                assert expired(database) == []
                assert max(seconds_left(database)) > LEASE / 2
                time.sleep(0.1)
    finally:
        over.set()
        thread.join()


def test_a_task_that_hangs_loses_its_lease(services: Services, database: Database) -> None:
    """After the time in which a recording would be given up as well."""
    services.heartbeat._stall_seconds = LEASE
    over = threading.Event()
    thread = run_output(services, over)
    try:
        wait_until(lambda: expired(database), 3 * LEASE)
    finally:
        over.set()
        thread.join()


def test_what_is_over_is_renewed_no_more(services: Services) -> None:
    over = threading.Event()
    thread = run_output(services, over)
    assert len(services.heartbeat._leases) == 1
    over.set()
    thread.join()
    assert not services.heartbeat._leases


def test_a_row_that_is_locked_keeps_no_other_waiting(services: Services, database: Database) -> None:
    with services.database.service() as conn:
        claims = [claim for _ in range(2) if (claim := claim_next(conn, FILES, 5))]
    locked, free = claims
    heartbeat = HeartbeatByHand(services.database, lease_seconds=60, stall_seconds=60)
    leases = [
        Lease(services.database, FILES, claim, seconds=5, stopping=threading.Event(), grace=5)
        for claim in claims
    ]
    with database.service() as other, heartbeat.keeping(leases[0]), heartbeat.keeping(leases[1]):
        other.execute(text("select from smelt_files where id = :id for update"), {"id": locked.id})
        started = time.monotonic()
        heartbeat.beat()
        assert time.monotonic() - started < 1.0
    assert [left > 5 for left in seconds_left(database, "smelt_files")] == [
        claim is free for claim in sorted(claims, key=lambda claim: claim.id)
    ]
    for lease in leases:
        lease.tick(0.0)  # neither is lost


def test_only_the_attempt_that_holds_a_row_renews_it(services: Services) -> None:
    with services.database.service() as conn:
        claim = claim_next(conn, FILES, 5)
    assert claim is not None
    zombie = Claim(claim.id, claim.attempt - 1, 0)
    with services.database.service() as conn:
        assert renew_all(conn, FILES, [zombie], 60) == (set(), set())
        assert renew_all(conn, FILES, [zombie, claim], 60) == ({claim.id}, {claim.id})


def test_a_lease_that_is_too_short_to_be_renewed_is_refused(settings: Settings) -> None:
    values = settings.model_dump()
    Settings.model_validate({**values, "lease_seconds": 4 * HEARTBEAT_SECONDS})
    with pytest.raises(ValidationError, match="lease_seconds"):
        Settings.model_validate({**values, "lease_seconds": 4 * HEARTBEAT_SECONDS - 0.1})


def test_an_error_that_nobody_foresaw_does_not_end_the_heartbeat(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process with one slot claims nothing while it works, so nothing would start the thread anew."""
    failures = iter([RuntimeError("unforeseen")] * 2)

    def failing(*values: object) -> tuple[set[UUID], set[UUID]]:
        for failure in failures:
            raise failure
        return renew_all(*values)  # type: ignore[arg-type]

    monkeypatch.setattr("workers.runner.heartbeat.renew_all", failing)
    end = threading.Event()
    thread = run_output(services, end)
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() - begun > 2 * LEASE)
    assert expired(services.database) == []
    end.set()
    thread.join()
