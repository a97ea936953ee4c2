"""A worker notices in time that a row is no longer its own, and that it has to stop."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from db.session import Database
from db.smelts.control import cancel
from db.work.claims import Claim, claim_next
from db.work.files import FILES
from db.work.parts import rescue
from pipeline.errors import GiveBack, LostLease
from pipeline.settings import Settings
from pipeline.settings.work import LONGEST_STEP
from tests.support.cast import Cast
from tests.support.heartbeats import HeartbeatByHand
from tests.support.smelts import admit_all, new_smelt
from workers.runner.heartbeat import Heartbeat
from workers.runner.lease import Lease


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def claim(database: Database, cast: Cast) -> Claim:
    with database.service() as conn:
        admit_all(conn, new_smelt(None, audio=1))
        claimed = claim_next(conn, FILES, 10)
    assert claimed is not None
    return claimed


@pytest.fixture
def lease(database: Database, claim: Claim, clock: Clock, stopping: threading.Event) -> Lease:
    return Lease(database, FILES, claim, seconds=10, stopping=stopping, grace=5, clock=clock)


@pytest.fixture
def heartbeat(database: Database) -> Heartbeat:
    return HeartbeatByHand(database, lease_seconds=10, stall_seconds=100)


@pytest.fixture
def unreachable() -> Iterator[Database]:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    yield database
    database.close()


def test_progress_is_told_and_never_falls(database: Database, lease: Lease, clock: Clock) -> None:
    for moment, progress in enumerate((0.2, 0.5, 0.4), start=1):
        clock.now = moment * 2.0
        lease.tick(progress)

    with database.service() as conn:
        row = conn.execute(
            text("select progress, s.version from smelt_files f join smelts s on s.id = smelt_id")
        )
        assert tuple(row.one()) == (0.5, 3)


def test_progress_on_a_row_that_was_rescued_changes_nothing(
    database: Database, lease: Lease, clock: Clock, claim: Claim
) -> None:
    with database.service() as conn:
        conn.execute(text("update smelt_files set lease_until = now() - interval '1 second'"))
        assert rescue(conn, FILES, claim, 3)
    before = rows(database)
    clock.now = 2.0
    with pytest.raises(LostLease):
        lease.tick(0.5)
    assert rows(database) == before


def rows(database: Database) -> list[object]:
    with database.service() as conn:
        return [
            conn.execute(text(f"select to_jsonb(t) from {table} t")).scalar_one()
            for table in ("smelts", "smelt_files")
        ]


def test_followers_are_told_now_and_then(lease: Lease, database: Database, clock: Clock) -> None:
    clock.now = 0.7
    lease.tick(0.5)
    with database.service() as conn:
        assert conn.execute(text("select progress from smelt_files")).scalar_one() == 0


def test_followers_hear_within_two_seconds_of_what_moves_however_slowly(
    lease: Lease, database: Database, clock: Clock
) -> None:
    """A hundredth of a recording of ten hours takes longer than that."""
    for tick in range(1, 9):
        clock.now = tick / 2
        lease.tick(0.5 + tick / 10_000)
    with database.service() as conn:
        assert conn.execute(text("select progress from smelt_files")).scalar_one() >= 0.5 + 5 / 10_000


def test_a_cancel_is_noticed_at_the_next_beat(
    database: Database, lease: Lease, heartbeat: Heartbeat, claim: Claim
) -> None:
    with heartbeat.keeping(lease):
        heartbeat.beat()
        lease.tick(0.0)
        with database.service() as conn:
            cancel(conn, conn.execute(text("select smelt_id from smelt_files")).scalar_one())
        lease.tick(0.0)
        heartbeat.beat()
        with pytest.raises(LostLease):
            lease.tick(0.0)


def test_a_stopping_worker_finishes_within_its_grace_or_gives_back(
    lease: Lease, clock: Clock, stopping: threading.Event
) -> None:
    stopping.set()
    lease.tick(0.1)
    clock.now = 4.9
    lease.tick(0.2)
    clock.now = 5.0
    with pytest.raises(GiveBack):
        lease.tick(0.3)


def test_the_longest_step_of_sound_work_costs_no_lease_however_soon_recordings_are_given_up(
    settings: Settings, lease: Lease, clock: Clock
) -> None:
    heartbeat = HeartbeatByHand.open(settings.model_copy(update={"stall_seconds": 0.2}))
    with heartbeat.keeping(lease):
        clock.now = LONGEST_STEP - 1
        heartbeat.beat()
        lease.tick(0.0)
        clock.now += LONGEST_STEP + 1
        heartbeat.beat()
        with pytest.raises(GiveBack):
            lease.tick(0.0)
    heartbeat.close()


def test_without_postgres_the_work_goes_on_until_the_lease_has_run_out(
    unreachable: Database, claim: Claim, clock: Clock, stopping: threading.Event
) -> None:
    lease = Lease(unreachable, FILES, claim, seconds=10, stopping=stopping, grace=5, clock=clock)
    heartbeat = HeartbeatByHand(unreachable, lease_seconds=10, stall_seconds=100)
    with heartbeat.keeping(lease):
        clock.now = 9.0
        heartbeat.beat()
        lease.tick(0.1)
        clock.now = 11.0
        heartbeat.beat()
        with pytest.raises(GiveBack):
            lease.tick(0.2)
