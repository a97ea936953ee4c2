"""What waits for a server that is away doesn't knock at it, and fails once the operator's patience is over."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Row, text

from db.smelts.control import retry
from pipeline.circuit_breaker import FAILURES
from pipeline.content.errors import ContentUnavailable
from pipeline.content.keyring import new_content_key, smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import RateLimited, WorkError
from pipeline.settings import Settings
from pipeline.states import ErrorCode, WaitingFor
from tests.support.llm_server import STEPS, Step, running
from tests.support.smelts import PLENTY, admit_all, new_smelt
from tests.support.waiting import wait_until
from workers.actors.synthesize import synthesize
from workers.notifications.queues import ActorName
from workers.pools.engines import SynthesisEngines
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

PARTS = 30
MODEL_AWAY = WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, waiting_for=WaitingFor.LANGUAGE_MODEL)


def run(services: Services, perform: Callable[[Task], None]) -> bool:
    return run_next(services, ActorName.APPLY_SEPARATE, perform, threading.Event()) is not None


def fail(services: Services, error: WorkError) -> Row[tuple[object, ...]]:
    """The output once an attempt at it ended so."""

    def perform(_task: Task) -> None:
        raise error

    make_pending(services)
    assert run(services, perform)
    with services.database.service() as conn:
        sql = "select status, error_code, failures, now() - outage_since as waited from smelt_outputs"
        return conn.execute(text(sql)).one()


def make_pending(services: Services) -> None:
    with services.database.service() as conn:
        conn.execute(
            text("update smelt_outputs set status = 'pending', run_at = null where status = 'waiting'")
        )


def pass_by(services: Services, hours: float) -> None:
    with services.database.service() as conn:
        sql = "update smelt_outputs set outage_since = outage_since - make_interval(secs => :seconds)"
        conn.execute(text(sql), {"seconds": hours * 3_600})


@pytest.mark.parametrize(
    ("error", "code"), [(MODEL_AWAY, "api_unavailable"), (ContentUnavailable(), "internal_error")]
)
def test_a_part_fails_once_patience_is_over_and_not_before(
    services: Services, error: WorkError, code: str
) -> None:
    with services.database.service() as conn:
        smelt = new_smelt(None, texts=1)
        admit_all(conn, smelt)
    assert fail(services, error).status == "waiting"
    pass_by(services, 5.9)
    assert fail(services, error).status == "waiting"
    pass_by(services, 0.2)
    failed = fail(services, error)
    assert (failed.status, failed.error_code, failed.failures) == ("failed", code, 1)
    with services.database.service() as conn:
        assert conn.execute(text("select status from smelts")).scalar_one() == "failed"
        retry(conn, smelt.id, PLENTY, 3_600)
    assert fail(services, error).status == "waiting"  # anew, not for seven hours already


def test_an_answer_ends_the_wait_and_a_stopping_worker_doesn_t(services: Services) -> None:
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=1))
    fail(services, MODEL_AWAY)
    pass_by(services, 5.0)
    row = fail(services, ContentUnavailable())
    assert row.waited.total_seconds() > 4 * 3_600
    assert fail(services, RateLimited(1.0)).waited is None
    assert fail(services, MODEL_AWAY).waited.total_seconds() < 60


def test_parts_that_wait_for_a_model_don_t_knock(services: Services, settings: Settings) -> None:
    key = new_content_key()
    smelt = new_smelt(None, texts=PARTS)
    for file in smelt.files:
        services.content.put(ObjectName(smelt.id, file.id, Kind.INPUT, 0), key, b"Ann ships on Friday.")
    with services.database.service() as conn:
        admit_all(conn, smelt)
        wrapped = services.keyring.wrap(key, smelt_context(smelt.id))
        conn.execute(text("update smelts set content_key = :key"), {"key": wrapped})

    def count(**values: object) -> int:
        condition = " and ".join(f"{name}::text = :{name}" for name in values)
        with services.database.service() as conn:
            sql = f"select count(*) from smelt_outputs where {condition}"
            return int(conn.execute(text(sql), values).scalar_one())

    with running() as llm:
        llm.default = STEPS["loading"]
        engines = SynthesisEngines(settings.model_copy(update={"llm_base_url": llm.url}))
        try:
            begun = time.monotonic()
            while run(services, lambda task: synthesize(task, engines)):
                continue
            assert FAILURES <= len(llm.calls) <= FAILURES + time.monotonic() - begun  # one try a pause
            assert count(status="waiting", waiting_for="language_model", failures="0", attempt="1") == PARTS

            llm.default = Step()

            def all_done() -> bool:
                make_pending(services)
                while run(services, lambda task: synthesize(task, engines)):
                    continue
                return count(status="completed") == PARTS

            wait_until(all_done, 20)
            assert count(failures="0") == PARTS
        finally:
            engines.close()
