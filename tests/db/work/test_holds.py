"""What is held isn't claimed, whatever makes it claimable, and comes back in its place once it is released."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, text

from db.migrate import downgrade, upgrade
from db.session import Database
from db.smelts import control
from db.smelts.reads import find_queue_positions, get_smelt, with_holds
from db.work.claims import Claim, claim_next, count_claimable, put_back
from db.work.fair_queue import lock_tenant
from db.work.files import FILES, fail_file, finish_file
from db.work.held_work import carry_out, hold_whole_tenant
from db.work.holds import (
    hold_queue,
    hold_tenant,
    list_holds,
    release_queue,
    release_tenant,
)
from db.work.outputs import OUTPUTS
from db.work.parts import try_again
from db.work.webhooks import DELIVERIES
from pipeline.retry import TryAgain
from pipeline.states import ErrorCode, WaitingFor, WorkStatus
from tests.support.blocking import wait_until_blocked
from tests.support.cast import Cast
from tests.support.smelts import PLENTY, admit_all, new_smelt, set_credits


@pytest.fixture
def ada(database: Database, cast: Cast) -> str:
    """Ada's tenant. Ada and Bob have credits."""
    with database.service() as conn:
        set_credits(conn, cast.ada.id, 5)
        set_credits(conn, cast.bob.id, 5)
    return f"user:{cast.ada.id}"


def pause(database: Database, tenant: str) -> int:
    with database.service() as conn:
        assert hold_tenant(conn, tenant)
    return hold_whole_tenant(database.service, tenant)


def resume(database: Database, tenant: str) -> int:
    with database.service() as conn:
        assert release_tenant(conn, tenant)
        [hold] = list_holds(conn)
    return carry_out(database.service, hold)


def claim(conn: Connection) -> Claim:
    found = claim_next(conn, FILES, 60)
    assert found is not None
    return found


def parts(database: Database, smelt_id: UUID) -> list[tuple[WorkStatus, WaitingFor | None]]:
    with database.service() as conn:
        smelt = get_smelt(conn, smelt_id)
        assert smelt is not None
        return [(file.status, file.waiting_for) for file in smelt.files] + [
            (output.status, output.waiting_for) for output in smelt.outputs
        ]


HELD = (WorkStatus.WAITING, WaitingFor.HOLD)
READY = (WorkStatus.PENDING, None)


def test_nothing_of_a_held_queue_is_claimed_counted_or_placed(
    database: Database, cast: Cast, ada: str
) -> None:
    smelt = new_smelt(cast.ada.id, audio=1, texts=1)
    with database.service() as conn:
        admit_all(conn, smelt)
        assert hold_queue(conn, "transcribe")
    with database.service() as conn:
        assert claim_next(conn, FILES, 60) is None
        assert claim_next(conn, FILES, 60, only_short=True) is None
        assert count_claimable(conn, FILES, 9) == 0
        assert find_queue_positions(conn, [smelt.id]) == {}
        depth = "select ready from smelt_meta.queue_depth where queue = 'transcribe'"
        assert conn.execute(text(depth)).scalar_one() == 0
        found = get_smelt(conn, smelt.id)
        assert found is not None
        shown = with_holds(conn, found)
        assert [file.waiting_for for file in shown.files] == [WaitingFor.HOLD, None]
        assert claim_next(conn, OUTPUTS, 60) is not None
        assert not hold_queue(conn, "transcribe")
        assert release_queue(conn, "transcribe")
        assert not release_queue(conn, "transcribe")
        assert claim_next(conn, FILES, 60) is not None


def test_nothing_of_a_held_tenant_is_claimed_and_others_are(database: Database, cast: Cast, ada: str) -> None:
    mine, others = new_smelt(cast.ada.id, audio=2), new_smelt(cast.bob.id, audio=1)
    with database.service() as conn:
        admit_all(conn, mine, others)
    assert pause(database, ada) == 1
    assert parts(database, mine.id)[:2] == [HELD, HELD]
    with database.service() as conn:
        assert claim(conn).id == others.files[0].id
        assert claim_next(conn, FILES, 60) is None
    assert resume(database, ada) == 1
    assert parts(database, mine.id)[:2] == [READY, READY]
    with database.service() as conn:
        assert list_holds(conn) == []


def test_what_becomes_claimable_meanwhile_is_held_too(database: Database, cast: Cast, ada: str) -> None:
    """Given back, posted, due again, retried, freed by its input."""
    running, ended = new_smelt(cast.ada.id, audio=3), new_smelt(cast.ada.id, texts=1)
    with database.service() as conn:
        admit_all(conn, running)
        back, done, failed = claim(conn), claim(conn), claim(conn)
        admit_all(conn, ended)
        control.cancel(conn, ended.id)
    pause(database, ada)
    posted = new_smelt(cast.ada.id, audio=1, texts=1)
    with database.service() as conn:
        try_again(conn, FILES, back, TryAgain(0.0, counts=False))
        finish_file(conn, done, "en", 1.0)
        fail_file(conn, failed, ErrorCode.NO_SPEECH)
        admit_all(conn, posted)
        control.retry(conn, ended.id, PLENTY, 604_800)
    assert parts(database, posted.id)[0] == HELD
    assert parts(database, ended.id)[1] == HELD
    assert HELD in parts(database, running.id)[:3]
    with database.service() as conn:
        assert claim_next(conn, FILES, 60) is None
        assert claim_next(conn, OUTPUTS, 60) is None
    resume(database, ada)
    with database.service() as conn:
        assert count_claimable(conn, FILES, 9) == 2
        assert count_claimable(conn, OUTPUTS, 9) == 3


def test_what_was_held_keeps_its_order_and_passes_nobody(database: Database, cast: Cast, ada: str) -> None:
    mine = new_smelt(cast.ada.id, audio=3)
    with database.service() as conn:
        admit_all(conn, mine)
    pause(database, ada)
    others = new_smelt(cast.bob.id, audio=2)
    with database.service() as conn:
        admit_all(conn, others)
        conn.execute(text("update smelt_files set fair_key = fair_key + 500 where status = 'pending'"))
        before = (
            conn.execute(text("select last_tag from fair_tenants where tenant = :t"), {"t": ada})
            .scalars()
            .all()
        )
    resume(database, ada)
    with database.service() as conn:
        rows = conn.execute(
            text("select id, fair_key from smelt_files where smelt_id = :id"), {"id": mine.id}
        )
        keys = {row.id: row.fair_key for row in rows}
        present = conn.execute(
            text("select min(fair_key) from smelt_files where smelt_id = :id"), {"id": others.id}
        ).scalar_one()
        order = [claim(conn).id for _ in range(5)]
        after, _ = lock_tenant(conn, FILES, ada)
    assert min(keys.values()) == pytest.approx(present)
    assert [one for one in order if one in keys] == [file.id for file in mine.files]
    assert after > max(before)
    assert max(keys.values()) == pytest.approx(after)


def test_a_held_output_keeps_its_finish_time_when_another_input_is_there(
    database: Database, cast: Cast, ada: str
) -> None:
    """Else its tenant would owe for it again with each."""
    with database.service() as conn:
        admit_all(conn, new_smelt(cast.ada.id, audio=2))
        first, second = claim(conn), claim(conn)
    pause(database, ada)
    keys = []
    for done in (first, second):
        with database.service() as conn:
            finish_file(conn, done, "en", 1.0)
            found = text("select fair_key from smelt_outputs where fair_key is not null order by fair_key")
            keys.append(list(conn.execute(found).scalars()))
    assert len(keys[1]) == 2
    assert keys[1][0] == keys[0][0]
    with database.service() as conn:
        last, _ = lock_tenant(conn, OUTPUTS, ada)
    assert last == keys[1][1]


def test_webhooks_of_a_held_tenant_wait(database: Database, cast: Cast, ada: str) -> None:
    smelt = new_smelt(cast.ada.id, texts=1)
    with database.service() as conn:
        admit_all(conn, smelt)
        conn.execute(text("update smelts set webhook_url = 'https://example.org'"))
        control.cancel(conn, smelt.id)
        sent = claim_next(conn, DELIVERIES, 60)
        assert sent is not None
        put_back(conn, DELIVERIES, sent, TryAgain(0.0, counts=True))
    assert pause(database, ada) == 1
    with database.service() as conn:
        assert claim_next(conn, DELIVERIES, 60) is None
    assert resume(database, ada) == 1
    with database.service() as conn:
        assert claim_next(conn, DELIVERIES, 60) is not None


def test_a_hold_waits_for_whoever_makes_rows_claimable(
    database: Database, owner_url: str, cast: Cast, ada: str
) -> None:
    """A post that began before the hold is committed after it, and its rows are held nevertheless."""
    smelt = new_smelt(cast.ada.id, audio=1)
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            admit_all(conn, smelt)
            pausing = pool.submit(pause, database, ada)
            wait_until_blocked(owner_url, pausing)
        assert pausing.result(10) == 1
    assert parts(database, smelt.id)[0] == HELD


def test_a_release_waits_for_whoever_makes_rows_wait(
    database: Database, owner_url: str, cast: Cast, ada: str
) -> None:
    """Else they would wait for a hold that isn't there any more."""
    smelt = new_smelt(cast.ada.id, audio=1)
    with database.service() as conn:
        admit_all(conn, smelt)
        back = claim(conn)
    pause(database, ada)
    with ThreadPoolExecutor(1) as pool:
        with database.service() as conn:
            try_again(conn, FILES, back, TryAgain(0.0, counts=False))
            releasing = pool.submit(resume, database, ada)
            wait_until_blocked(owner_url, releasing)
        assert releasing.result(10) == 1
    assert parts(database, smelt.id)[0] == READY


def test_a_deleted_user_is_held_no_more(database: Database, owner_url: str, cast: Cast, ada: str) -> None:
    pause(database, ada)
    with psycopg.connect(owner_url) as owner:
        owner.execute("delete from auth.users where id = %s", [cast.ada.id])
    with database.service() as conn:
        assert list_holds(conn) == []


def test_without_holds_what_was_held_is_claimable(
    database: Database, owner_url: str, cast: Cast, ada: str
) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(cast.ada.id, audio=1))
    pause(database, ada)
    downgrade(owner_url, "007_alone")
    with psycopg.connect(owner_url) as owner:
        rows = owner.execute("select status, waiting_for from smelt_files").fetchall()
    assert rows == [("pending", None)]
    upgrade(owner_url)
