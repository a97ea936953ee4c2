"""The figures of the queues are those of the database, by queue and tier; while it is away there are none."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from db.session import Database
from db.work.claims import claim_next
from db.work.files import FILES
from db.work.holds import hold_queue, release_queue
from tests.support.cast import Cast
from tests.support.scraping import Scrape, told
from tests.support.smelts import admit_all, new_smelt, set_credits
from workers.reconciler.figures import FiguresReader
from workers.services import Services

Read = Callable[[], Scrape]


@pytest.fixture
def read(services: Services) -> Read:
    def read() -> Scrape:
        FiguresReader(services).read()
        return told()

    return read


@pytest.fixture
def owner(owner_url: str) -> psycopg.Cursor:
    return psycopg.connect(owner_url, autocommit=True).cursor()


def test_what_is_ready_running_and_waiting_is_counted_by_queue_and_tier(
    services: Services, cast: Cast, owner: psycopg.Cursor, read: Read
) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
        admit_all(conn, new_smelt(cast.ada.id, audio=3), new_smelt(None, texts=2))
        assert claim_next(conn, FILES, 30)
    owner.execute(
        "update smelt_files set updated_at = now() - interval '10 minutes' where status = 'pending'"
    )
    owner.execute(
        "update smelt_files set status = 'waiting', run_at = now() + interval '1 hour', waiting_for = 'content_store'"
        " where id = (select id from smelt_files where status = 'pending' limit 1)"
    )
    figures = read()

    of_files = {"queue": "transcribe", "tier": "credits"}
    assert figures.of("smelt_queue_ready", **of_files) == 1
    assert 600 <= figures.of("smelt_queue_oldest_ready_seconds", **of_files) < 700
    assert figures.of("smelt_queue_running", **of_files) == 1
    assert figures.of("smelt_queue_waiting", **of_files) == 1
    assert figures.of("smelt_queue_ready", queue="synthesize", tier="anonymous") == 2
    assert (
        figures.of("smelt_queue_ready", queue="synthesize", tier="credits") == 0
    )  # they wait for their recordings
    assert figures.total("smelt_queue_waiting") == 1
    assert figures.of("smelt_outage_parts", server="content_store") == 1
    assert figures.of("smelt_outage_parts", server="language_model") == 0
    assert figures.of("smelt_queue_ready", queue="maintenance", tier="") == 0
    assert figures["smelt_content_input_bytes"] == 3 * 160_000 + 2 * 1_000


def test_a_queue_that_is_held_has_nothing_ready(services: Services, read: Read) -> None:
    """No alert that it stands, while an operator lets it."""
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=2))
        assert hold_queue(conn, "synthesize")
    assert read().of("smelt_queue_ready", queue="synthesize", tier="anonymous") == 0
    with services.database.service() as conn:
        assert release_queue(conn, "synthesize")
    assert read().of("smelt_queue_ready", queue="synthesize", tier="anonymous") == 2


def test_what_the_reconciler_has_not_done_yet_is_told_by_how_late_it_is(
    services: Services, cast: Cast, owner: psycopg.Cursor, read: Read
) -> None:
    fresh = read()
    assert [fresh.of("smelt_reconciler_lag_seconds", of=what) for what in ("leases", "due", "content")] == [
        0
    ] * 3
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
        admit_all(conn, new_smelt(cast.ada.id, audio=2))
        assert claim_next(conn, FILES, 30)
    owner.execute(
        "update smelt_files set lease_until = now() - interval '5 minutes' where status = 'processing'"
    )
    owner.execute(
        "update smelt_files set status = 'waiting', run_at = now() - interval '6 minutes' where status = 'pending'"
    )
    owner.execute("update smelts set content_expires_at = now() - interval '7 minutes'")
    late = read()

    assert 300 <= late.of("smelt_reconciler_lag_seconds", of="leases") < 360
    assert 360 <= late.of("smelt_reconciler_lag_seconds", of="due") < 420
    assert 420 <= late.of("smelt_reconciler_lag_seconds", of="content") < 480
    assert late["smelt_content_overdue_smelts"] == 1


def test_figures_of_before_are_not_told_while_postgres_is_away(services: Services, read: Read) -> None:
    assert read().total("smelt_queue_ready", queue="deliver") == 0
    gone = Database("postgresql://smelt_app@127.0.0.1:1/none")
    FiguresReader(replace(services, database=gone)).read()
    gone.close()
    with pytest.raises(KeyError):
        told().of("smelt_queue_ready", queue="deliver", tier="credits")
    assert read().of("smelt_queue_ready", queue="deliver", tier="credits") == 0
