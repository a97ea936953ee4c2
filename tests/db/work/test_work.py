"""Claim, fence, budget and rescue of a piece of work."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text

from db.session import Database
from db.work import claims as work
from db.work.claims import Claim, claim_next
from db.work.expired import find_expired
from db.work.files import FILES
from db.work.leases import renew
from db.work.outputs import OUTPUTS
from db.work.parts import record_failure, rescue
from pipeline.errors import DiedInCompany, GiveBack, LostLease, RateLimited, WorkError
from pipeline.retry import decide
from pipeline.states import ErrorCode
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits


@pytest.fixture
def ready(database: Database, cast: Cast) -> Cast:
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
        set_credits(conn, cast.bob.id, 100)
    return cast


def claim(database: Database, lease: float = 30) -> Claim | None:
    with database.service() as conn:
        return claim_next(conn, FILES, lease)


def must_claim(database: Database, lease: float = 30) -> Claim:
    claimed = claim(database, lease)
    assert claimed is not None
    return claimed


def state(conn: Connection, row: Claim) -> tuple[str, int, int, str | None]:
    sql = "select status, attempt, failures, error_code from smelt_files where id = :id"
    found = conn.execute(text(sql), {"id": row.id}).one()
    return found.status, found.attempt, found.failures, found.error_code


def test_many_workers_claim_each_row_once(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=40))

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: claim(database), range(50)))

    claimed = [row.id for row in claims if row]
    assert len(claimed) == 40
    assert len(set(claimed)) == 40


def test_a_claim_tells_whether_others_are_ready(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=2))

    assert must_claim(database).more
    assert not must_claim(database).more
    assert claim(database) is None


def test_a_zombie_can_neither_finish_nor_renew(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
    zombie = must_claim(database, lease=0)
    with database.service() as conn:
        assert rescue(conn, FILES, zombie, max_failures=3)
    successor = must_claim(database)

    assert successor.id == zombie.id
    assert successor.attempt == zombie.attempt + 1
    with database.service() as conn:
        assert not renew(conn, FILES, zombie, 30, 0.5)
    with pytest.raises(LostLease), database.service() as conn:
        work.complete(conn, FILES, zombie)
    with database.service() as conn:
        assert renew(conn, FILES, successor, 30, 0.5)


def test_a_live_lease_is_not_rescued(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
    row = must_claim(database, lease=30)

    with database.service() as conn:
        assert find_expired(conn, FILES, 10) == []
        assert not rescue(conn, FILES, row, max_failures=3)


def test_whose_worker_died_in_company_is_alone_from_then_on_and_only_then_counted(
    database: Database, ready: Cast
) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
        first = claim_next(conn, FILES, 0, alone=False)
    assert first is not None
    assert not first.alone
    with database.service() as conn:
        [found] = find_expired(conn, FILES, 10)
        assert rescue(conn, FILES, found, max_failures=1)
        assert state(conn, found) == ("pending", 1, 0, None)
        second = claim_next(conn, FILES, 0, alone=False)
    assert second is not None
    assert second.alone
    with database.service() as conn:
        [found] = find_expired(conn, FILES, 10)
        assert rescue(conn, FILES, found, max_failures=1)
        assert state(conn, found) == ("failed", 2, 1, "worker_lost")


def test_what_failed_in_company_is_put_back_to_be_alone(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
        row = claim_next(conn, FILES, 30, alone=False)
    assert row is not None
    with database.service() as conn:
        record_failure(conn, FILES, row, decide(DiedInCompany(), row.failures, 1))
        assert state(conn, row) == ("pending", 1, 0, None)
        again = claim_next(conn, FILES, 30, alone=False)
    assert again is not None
    assert again.alone


def test_a_file_that_kills_every_worker_ends_as_worker_lost(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
    for _ in range(3):
        row = must_claim(database, lease=0)
        with database.service() as conn:
            assert rescue(conn, FILES, row, max_failures=3)

    with database.service() as conn:
        assert state(conn, row) == ("failed", 3, 3, "worker_lost")
        smelt = conn.execute(text("select status, error_code from smelts")).one()
        assert tuple(smelt) == ("failed", "nothing_completed")
        outputs = conn.execute(text("select status, error_code from smelt_outputs")).one()
        assert tuple(outputs) == ("failed", "file_failed")


@pytest.mark.parametrize(
    ("error", "status", "failures"),
    [
        (GiveBack(), "pending", 0),
        (RateLimited(60), "waiting", 0),
        (WorkError(ErrorCode.API_UNAVAILABLE, retryable=True), "waiting", 1),
        (WorkError(ErrorCode.NO_SPEECH), "failed", 1),
    ],
    ids=["give-back", "rate-limited", "retryable", "final"],
)
def test_a_failure_costs_what_it_should(
    database: Database, ready: Cast, error: WorkError, status: str, failures: int
) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
    row = must_claim(database)

    with database.service() as conn:
        record_failure(conn, FILES, row, decide(error, row.failures, 3))

    with database.service() as conn:
        assert state(conn, row)[:3] == (status, 1, failures)


def test_work_that_waits_for_its_time_is_claimed_once_it_is_due(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=1))
    row = must_claim(database)
    with database.service() as conn:
        record_failure(conn, FILES, row, decide(RateLimited(60), 0, 3))
        assert work.find_due(conn, FILES, 10) == []
        conn.execute(text("update smelt_files set run_at = now()"))
    assert claim(database) is None

    with database.service() as conn:
        assert work.find_due(conn, FILES, 10) == [row.id]
        assert work.make_pending(conn, FILES, row.id)

    assert must_claim(database).id == row.id


def test_a_newcomer_does_not_wait_behind_a_backlog(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=300))
    for _ in range(10):
        must_claim(database)
    newcomer = new_smelt(ready.bob.id, audio=3)
    with database.service() as conn:
        admit_all(conn, newcomer)

    order = [must_claim(database).id for _ in range(7)]  # turn by turn, ties to who was first

    assert {file.id for file in newcomer.files} <= set(order)


def test_splitting_work_into_many_smelts_gains_nothing(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(ready.ada.id, audio=40))
        admit_all(conn, *(new_smelt(ready.bob.id, audio=1) for _ in range(40)))
        owners = {
            row.id: row.user_id
            for row in conn.execute(
                text("select f.id, user_id from smelt_files f join smelts s on s.id = f.smelt_id")
            )
        }

    served = [owners[must_claim(database).id] for _ in range(40)]

    assert abs(served.count(ready.ada.id) - served.count(ready.bob.id)) <= 2


def test_an_output_becomes_claimable_only_with_its_input(database: Database, ready: Cast) -> None:
    with database.service() as conn:
        (admitted,) = admit_all(conn, new_smelt(ready.ada.id, audio=1, texts=1))

    assert (admitted.files, admitted.outputs) == (1, 1)
    with database.service() as conn:
        first = claim_next(conn, OUTPUTS, 30)
        assert first is not None
        assert claim_next(conn, OUTPUTS, 30) is None
