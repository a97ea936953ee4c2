"""What the reconciler makes good, on a real database and a real Redis, without any worker."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from db.smelts.control import delete_content
from db.smelts.reads import get_smelt
from db.work.claims import claim_next
from db.work.files import FILES
from db.work.holds import hold_queue, hold_tenant, list_holds, release_tenant
from db.work.outputs import OUTPUTS
from db.work.schedules import RUNS
from pipeline.content.errors import ContentUnavailable
from pipeline.content.keyring import new_content_key
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.states import SmeltStatus, WorkStatus
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue
from workers.pools.slots import slots
from workers.reconciler.health import Health
from workers.reconciler.loop import run, tick
from workers.reconciler.purge import purge_orphans
from workers.services import Services


@pytest.fixture
def ada(services: Services, cast: Cast) -> Cast:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
    return cast


def test_a_silent_worker_s_row_goes_back_to_the_queue(services: Services, ada: Cast) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(ada.ada.id, audio=1))
        claimed = claim_next(conn, FILES, 0)
    assert claimed is not None

    tick(services)

    with services.database.service() as conn:
        again = claim_next(conn, FILES, 30)
    assert again is not None
    assert (again.id, again.attempt, again.failures) == (claimed.id, 2, 1)


def test_what_a_command_left_half_done_is_done(services: Services, ada: Cast) -> None:
    """A tenant is held, or released, and nobody has moved its rows yet."""
    smelt, tenant = new_smelt(ada.ada.id, audio=1), f"user:{ada.ada.id}"
    with services.database.service() as conn:
        admit_all(conn, smelt)
        assert hold_tenant(conn, tenant)
    assert tick(services)["obey_holds"] == 1
    with services.database.service() as conn:
        assert claim_next(conn, FILES, 30) is None
        assert release_tenant(conn, tenant)
    assert tick(services)["obey_holds"] == 1
    with services.database.service() as conn:
        assert list_holds(conn) == []
        assert claim_next(conn, FILES, 30) is not None


def test_nobody_is_notified_of_a_held_queue(services: Services, ada: Cast) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(ada.ada.id, texts=1))
        hold_queue(conn, "synthesize")
    tick(services)
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 0


def test_lost_notifications_are_sent_again_up_to_the_slots(services: Services, ada: Cast) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(ada.ada.id, texts=30))
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 0

    tick(services)
    assert services.notifier.waiting(Queue.SYNTHESIZE) == slots(services.settings, Queue.SYNTHESIZE)
    tick(services)
    assert services.notifier.waiting(Queue.SYNTHESIZE) == slots(services.settings, Queue.SYNTHESIZE)


def test_work_that_is_due_becomes_claimable(services: Services, ada: Cast) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(ada.ada.id, texts=1))
        conn.execute(text("update smelt_outputs set status = 'waiting', run_at = now()"))

    tick(services)

    with services.database.service() as conn:
        assert claim_next(conn, OUTPUTS, 30) is not None


def test_each_period_has_one_run_of_each_job(services: Services) -> None:
    tick(services)
    tick(services)

    with services.database.service() as conn:
        jobs = [row.job for row in conn.execute(text("select job from schedule_runs order by job"))]
        assert jobs == ["purge_content", "reset_weekly_credits"]
        assert claim_next(conn, RUNS, 30) is not None
    assert services.notifier.waiting(Queue.MAINTENANCE) == 2


def test_content_past_its_deadline_is_gone_for_good(services: Services, ada: Cast) -> None:
    key = new_content_key()
    smelts = [
        new_smelt(user, texts=1, max_age=0, content_key=services.keyring.wrap(key, b"any"))
        for user in (ada.ada.id, None)
    ]
    for smelt in smelts:
        services.content.put(ObjectName(smelt.id, smelt.files[0].id, Kind.INPUT, 0), key, b"a secret")
    with services.database.service() as conn:
        admit_all(conn, *smelts)

    tick(services)

    with services.database.service() as conn:
        mine, visitors = (get_smelt(conn, smelt.id) for smelt in smelts)
    assert visitors is None
    assert mine is not None
    assert mine.status is SmeltStatus.FAILED
    assert mine.content_deleted_at is not None
    assert [output.status for output in mine.outputs] == [WorkStatus.CANCELED]
    assert services.content.delete_smelt(smelts[0].id) == 0
    assert services.content.delete_smelt(smelts[1].id) == 0


def test_a_visitors_smelt_is_gone_altogether_though_the_store_fails(services: Services) -> None:
    smelt = new_smelt(None, texts=1, max_age=0)
    with services.database.service() as conn:
        admit_all(conn, smelt)

    tick(replace(services, content=BrokenStore()))

    with services.database.service() as conn:
        assert get_smelt(conn, smelt.id) is None


def test_what_a_visitor_has_emptied_is_gone_an_hour_later(services: Services, owner_url: str) -> None:
    smelt = new_smelt(None, texts=1)
    with services.database.service() as conn:
        admit_all(conn, smelt)
    with services.database.service() as conn:
        delete_content(conn, smelt.id)

    tick(services)
    with services.database.service() as conn:
        assert get_smelt(conn, smelt.id) is not None  # whoever had no answer may ask again
    with psycopg.connect(owner_url) as owner:
        owner.execute("update smelts set content_expires_at = content_expires_at - interval '1 hour'")
    tick(services)

    with services.database.service() as conn:
        assert get_smelt(conn, smelt.id) is None


def test_a_store_that_hangs_keeps_no_rescue_and_no_notification_waiting(
    services: Services, ada: Cast
) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(ada.ada.id, texts=1, max_age=0))
    store, stopping = HangingStore(), threading.Event()
    hanging = replace(services, content=store)
    reconciler = threading.Thread(target=run, args=(hanging, stopping, Health(1.0)))
    reconciler.start()
    try:
        assert store.asked.wait(20)
        with services.database.service() as conn:
            admit_all(conn, new_smelt(ada.ada.id, audio=1))
            assert claim_next(conn, FILES, 0) is not None

        wait_until(lambda: failures(services) == [1])
        wait_until(lambda: services.notifier.waiting(Queue.TRANSCRIBE))
        assert not store.answer.is_set()
    finally:
        store.answer.set()
        stopping.set()
        reconciler.join()


def test_an_error_that_nobody_foresaw_in_purging_ends_the_reconciler(
    services: Services, ada: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever keeps the process then starts it again; without its purging nothing would."""
    with services.database.service() as conn:
        admit_all(conn, new_smelt(ada.ada.id, texts=1, max_age=0))
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: seen.append(raised.exc_type))
    stopping = threading.Event()

    assert not run(replace(services, content=ForeignStore()), stopping, Health(1.0))

    assert seen == [ZeroDivisionError]


def failures(services: Services) -> list[int]:
    with services.database.service() as conn:
        sql = "select failures from smelt_files where status = 'pending' and attempt > 0"
        return [row.failures for row in conn.execute(text(sql))]


class HangingStore(ContentStore):
    """As a bucket whose server takes requests and answers none. `answer`: it does so now."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()

    def delete_smelt(self, _smelt_id: UUID) -> int:
        self.asked.set()
        self.answer.wait()
        return 0


class ForeignStore(ContentStore):
    def __init__(self) -> None:
        """Of nothing."""

    def delete_smelt(self, _smelt_id: UUID) -> int:
        raise ZeroDivisionError


class BrokenStore(ContentStore):
    def __init__(self) -> None:
        """Of nothing."""

    def delete_smelt(self, _smelt_id: UUID) -> int:
        raise ContentUnavailable


def test_objects_without_a_smelt_are_swept_up(services: Services, ada: Cast) -> None:
    key = new_content_key()
    kept, orphan = new_smelt(ada.ada.id, texts=1), new_smelt(ada.ada.id, texts=1)
    for smelt in (kept, orphan):
        services.content.put(ObjectName(smelt.id, smelt.id, Kind.INPUT, 0), key, b"content")
    with services.database.service() as conn:
        admit_all(conn, kept)

    ticks: list[None] = []
    assert purge_orphans(services, on_tick=lambda: ticks.append(None)) == 0  # too young: an upload maybe
    assert ticks  # though none was deleted: the sweep keeps its lease
    assert purge_orphans(services, age=timedelta(seconds=-5)) == 1

    assert services.content.delete_smelt(orphan.id) == 0
    assert services.content.delete_smelt(kept.id) == 1
