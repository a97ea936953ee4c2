"""The content store goes away under a worker: nothing that it does fails by that, and what is done isn't done again."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from db.smelts.control import cancel
from db.smelts.reads import get_smelt
from db.work.claims import claim_next, make_pending
from db.work.files import finish_file
from db.work.outputs import OUTPUTS
from db.work.parts import record_failure
from pipeline.content.errors import ContentUnavailable
from pipeline.content.keyring import new_content_key, smelt_context
from pipeline.content.retrying_reader import retrying
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.errors import GiveBack, LostLease
from pipeline.retry import TryAgain
from pipeline.settings import Settings
from pipeline.smelt import Smelt
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.process import SpeechProcess
from pipeline.states import WaitingFor, WorkStatus
from tests.recordings import recording
from tests.speech_model import WORD_MODEL
from tests.support.smelts import admit_all, new_smelt
from tests.support.waiting import wait_until
from workers.actors.content import record_stored
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

KEY = new_content_key()


@pytest.fixture
def folder(settings: Settings) -> Path:
    return Path(settings.need("content_url").removeprefix("file://"))


@pytest.fixture
def smelt(services: Services) -> Smelt:
    """Of one recording, stored."""
    new = new_smelt(None, audio=1, prompts=())
    services.content.put(ObjectName(new.id, new.files[0].id, Kind.INPUT, 0), KEY, recording("speech.wav"))
    with services.database.service() as conn:
        admit_all(conn, new)
        wrapped = services.keyring.wrap(KEY, smelt_context(new.id))
        conn.execute(text("update smelts set content_key = :key"), {"key": wrapped})
    return look(services, new)


def look(services: Services, smelt: object) -> Smelt:
    with services.database.service() as conn:
        found = get_smelt(conn, smelt.id)  # type: ignore[attr-defined]
    assert found is not None
    return found


def run(services: Services, perform: Callable[[Task], None]) -> None:
    assert run_next(services, ActorName.TRANSCRIBE_FILE, perform, threading.Event())


def failures_and_debt(services: Services) -> tuple[object, ...]:
    with services.database.service() as conn:
        row = conn.execute(text("select failures, (select max(last_tag) from fair_tenants) from smelt_files"))
        return tuple(row.one())


@pytest.mark.parametrize("started", [True, False], ids=["a child that was there", "a child that is new"])
def test_a_recording_waits_for_the_store_and_its_child_lives_on(
    services: Services, settings: Settings, folder: Path, smelt: Smelt, *, started: bool
) -> None:
    speech = SpeechProcess(SpeechEngineSettings(WORD_MODEL), settings.need("content_url"), tick_seconds=0.1)
    before = failures_and_debt(services)
    try:
        if started:
            speech.start()
        folder.rename(folder.with_name("aside"))
        # The worker finds no vocabulary either: so that it is the child that meets the outage.
        unaware = replace(services, content=Unaware())
        run(unaware, lambda task: transcribe(task, speech))
        pid = speech.pid
        (file,) = look(services, smelt).files
        assert (file.status, file.waiting_for) == (WorkStatus.WAITING, WaitingFor.CONTENT_STORE)
        assert failures_and_debt(services) == before
        assert not folder.exists()

        folder.with_name("aside").rename(folder)
        with services.database.service() as conn:
            conn.execute(text("update smelt_files set status = 'pending', run_at = null"))
        run(services, lambda task: transcribe(task, speech))
        (file,) = look(services, smelt).files
        assert (file.status, file.waiting_for) == (WorkStatus.COMPLETED, None)
        assert speech.pid == pid is not None
    finally:
        speech.close()


def test_a_part_that_hung_on_what_is_away_comes_back_behind_who_waited_meanwhile(services: Services) -> None:
    """Else the parts of one tenant, each holding a slot until its time is up, would be first again and again."""
    with services.database.service() as conn:
        admit_all(conn, new_smelt(None, texts=1), new_smelt(None, texts=1))
        conn.execute(text("update smelt_outputs set fair_key = 10"))
        mine = claim_next(conn, OUTPUTS, 30)
        assert mine is not None
        again = TryAgain(1.0, counts=False, waiting_for=WaitingFor.LANGUAGE_MODEL, held=120.0)
        record_failure(conn, OUTPUTS, mine, again)
        conn.execute(text("update smelt_outputs set run_at = now() where run_at is not null"))
        assert make_pending(conn, OUTPUTS, mine.id)
        keys = {row.id: row.fair_key for row in conn.execute(text("select id, fair_key from smelt_outputs"))}
    assert keys.pop(mine.id) == 130
    assert list(keys.values()) == [10]


class Unaware(ContentStore):
    """Has no vocabulary, and tells of no outage."""

    def __init__(self) -> None:
        """Of nothing."""

    def get(self, _name: ObjectName, _key: bytes) -> bytes:
        return b""


def test_a_result_is_kept_until_the_store_is_back(services: Services, folder: Path, smelt: Smelt) -> None:
    def perform(task: Task) -> None:
        folder.rename(folder.with_name("aside"))
        threading.Thread(target=come_back).start()
        name = ObjectName(smelt.id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt)
        record = partial(services.record, lambda conn: finish_file(conn, task.claim, "en", 1.0))
        record_stored(task, name, KEY, b"{}", record)

    def come_back() -> None:
        with suppress(AssertionError):
            wait_until(lambda: look(services, smelt).files[0].waiting_for is WaitingFor.CONTENT_STORE)
            seen.append(look(services, smelt).files[0].status)
        folder.with_name("aside").rename(folder)

    seen: list[WorkStatus] = []
    run(services, perform)
    (file,) = look(services, smelt).files
    assert seen == [WorkStatus.PROCESSING]
    assert (file.status, file.attempt, file.waiting_for) == (WorkStatus.COMPLETED, 1, None)
    with services.database.service() as conn:
        assert conn.execute(text("select outage_since is not null from smelt_files")).scalar_one()


@pytest.mark.parametrize("stop", [True, False], ids=["stopping", "canceled"])
def test_who_keeps_a_result_lets_it_go_when_it_has_to(
    services: Services, folder: Path, smelt: Smelt, *, stop: bool
) -> None:
    kept = replace(services, settings=services.settings.model_copy(update={"worker_grace": 0.0}))
    stopping, ended = threading.Event(), []

    def perform(task: Task) -> None:
        folder.rename(folder.with_name("aside"))
        if stop:
            stopping.set()
        else:
            with services.database.service() as conn:
                cancel(conn, smelt.id)
        name = ObjectName(smelt.id, task.claim.id, Kind.TRANSCRIPT, task.claim.attempt)
        try:
            record_stored(task, name, KEY, b"{}", lambda: None)
        except (GiveBack, LostLease) as error:
            ended.append(type(error))
            raise

    assert run_next(kept, ActorName.TRANSCRIBE_FILE, perform, stopping)
    assert ended == [GiveBack if stop else LostLease]
    (file,) = look(services, smelt).files
    assert file.waiting_for is None
    assert file.status is (WorkStatus.PENDING if stop else WorkStatus.CANCELED)


def test_reading_waits_for_as_long_as_it_has_gone_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now: list[float] = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)

    def away(_start: int, _end: int) -> bytes:
        if now[0] < back:
            raise ContentUnavailable
        return b"read"

    back, read = 1_000.0, retrying(away)
    with pytest.raises(ContentUnavailable):
        read(0, 4)
    assert slept == []
    now[0] = 110.0
    with pytest.raises(ContentUnavailable):
        read(0, 4)
    assert 8 <= sum(slept) <= 10
    now[0], back = 900.0, 950.0
    assert read(0, 4) == b"read"
    now[0], back = 1_000.0, 2_000.0
    slept.clear()
    with pytest.raises(ContentUnavailable):
        read(0, 4)
    assert 58 <= sum(slept) <= 60
