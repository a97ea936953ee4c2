"""Several recordings in one speech process: what one does to it costs the others nothing. Real claims, and a real child
that follows a script.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import text

from db.smelts.control import cancel
from deploy.supervisor.environment import child_environment
from pipeline.content.keyring import new_content_key, smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.settings import Settings
from pipeline.speech import process
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.process import SpeechProcess
from tests.faults.chaos.speech_log import SpeechLog
from tests.recordings import recording
from tests.speech_model import WORD_MODEL
from tests.support.smelts import admit_all, new_smelt
from tests.support.waiting import wait_until
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName, Queue
from workers.reconciler.loop import notify_claimable, promote_due, rescue_expired
from workers.runner.run import run_next
from workers.services import Services

LANES = 8
ATTEMPTS = 2
KEY = new_content_key()


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings.model_copy(update={"max_attempts": ATTEMPTS, "worker_grace": 0}))
    yield services
    services.close()


@pytest.fixture
def speech(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechProcess]:
    monkeypatch.setattr(process, "CHILD", "tests.faults.chaos.scripted_child")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("SMELT_DATA_DIR", str(settings.data_dir))
    speech = SpeechProcess(
        SpeechEngineSettings(WORD_MODEL, lanes=LANES), settings.need("content_url"), tick_seconds=0.05
    )
    speech.start()
    yield speech
    speech.close()


def admit(services: Services, count: int, script: str) -> UUID:
    """So many recordings, with what the child does with each of them."""
    new = new_smelt(None, audio=count, prompts=())
    wrapped = services.keyring.wrap(KEY, smelt_context(new.id))
    for file in new.files:
        services.content.put(ObjectName(new.id, file.id, Kind.INPUT, 0), KEY, recording("speech.wav"))
    write_script(services, new.id, script)
    with services.database.service() as conn:
        admit_all(conn, new)
        conn.execute(
            text("update smelts set content_key = :key where id = :id"), {"key": wrapped, "id": new.id}
        )
    return new.id


def write_script(services: Services, smelt: UUID, script: str) -> None:
    services.content.put(ObjectName(smelt, smelt, Kind.VOCABULARY, 0), KEY, f"script {script}".encode())


def run_one(services: Services, speech: SpeechProcess, stopping: threading.Event) -> bool:
    return (
        run_next(
            services,
            ActorName.TRANSCRIBE_FILE,
            lambda task: transcribe(task, speech),
            stopping,
            alone=speech.lanes == 1,
        )
        is not None
    )


@contextmanager
def working(services: Services, speech: SpeechProcess) -> Iterator[None]:
    """The lanes are at work while the block runs."""
    over = threading.Event()

    def lane() -> None:
        while not over.is_set():
            if not run_one(services, speech, threading.Event()):
                over.wait(0.05)

    with ThreadPoolExecutor(LANES) as threads:
        lanes = [threads.submit(lane) for _ in range(LANES)]
        try:
            yield
        finally:
            over.set()
    for each in lanes:
        each.result()


def files_of(services: Services, smelt: UUID) -> list[tuple[str, int, str | None]]:
    """Status, failures and error of each."""
    sql = "select status, failures, error_code from smelt_files where smelt_id = :id"
    with services.database.service() as conn:
        rows = conn.execute(text(sql), {"id": smelt})
        return [(row.status, row.failures, row.error_code) for row in rows]


def attempts(services: Services, smelt: UUID) -> list[tuple[str, int, int, bool]]:
    """Status, attempt, failures of each, and whether it is to be alone."""
    sql = "select status, attempt, failures, alone from smelt_files where smelt_id = :id"
    with services.database.service() as conn:
        return [tuple(row) for row in conn.execute(text(sql), {"id": smelt})]


def begun(services: Services) -> int:
    """How many recordings a speech process has begun with."""
    return len([call for call in SpeechLog(services.settings.data_dir).calls() if call.event == "begin"])


def all_ended(services: Services) -> bool:
    promote_due(services)
    sql = "select count(*) from smelt_files where status in ('waiting', 'pending', 'processing')"
    with services.database.service() as conn:
        return int(conn.execute(text(sql)).scalar_one()) == 0


def test_a_poison_among_good_ones_costs_them_nothing_and_fails_by_itself(
    services: Services, speech: SpeechProcess
) -> None:
    assert speech.lanes == LANES
    good, poison = admit(services, 20, "seconds=0.3"), admit(services, 1, "poison=kill")
    with working(services, speech):
        wait_until(lambda: all_ended(services), 60)
    assert files_of(services, good) == [("completed", 0, None)] * 20
    assert files_of(services, poison) == [("failed", ATTEMPTS, "worker_lost")]


def test_a_lane_whose_recording_is_canceled_is_free_at_once_and_the_others_go_on(
    services: Services, speech: SpeechProcess
) -> None:
    pid = speech.pid
    long, good = admit(services, 1, "seconds=600"), admit(services, LANES - 1, "seconds=2")
    with working(services, speech):
        wait_until(lambda: begun(services) == LANES)
        with services.database.service() as conn:
            cancel(conn, long)
        next_one = admit(services, 1, "seconds=0")
        wait_until(lambda: files_of(services, next_one) == [("completed", 0, None)])
        wait_until(lambda: all_ended(services))
    assert files_of(services, good) == [("completed", 0, None)] * (LANES - 1)
    assert files_of(services, long) == [("canceled", 0, None)]
    assert speech.pid == pid


def test_a_lane_whose_recording_is_given_back_leaves_the_others_at_work(
    services: Services, speech: SpeechProcess
) -> None:
    pid = speech.pid
    long = admit(services, 1, "seconds=600")
    stopping = threading.Event()
    with ThreadPoolExecutor(3) as threads:
        stopped = threads.submit(run_one, services, speech, stopping)
        wait_until(lambda: begun(services) == 1)
        good = admit(services, 2, "seconds=2")
        others = [threads.submit(run_one, services, speech, threading.Event()) for _ in range(2)]
        wait_until(lambda: begun(services) == 3)
        stopping.set()
        assert stopped.result(20)
        assert attempts(services, long) == [("pending", 1, 0, False)]
        assert all(other.result(20) for other in others)
    assert files_of(services, good) == [("completed", 0, None)] * 2
    assert speech.pid == pid


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the pool, with as many lanes, whose leases are short."""
    changes = {"transcribe_slots": 1, "transcribe_lanes": LANES, "lease_seconds": 2, "worker_grace": 0}
    own = settings.model_copy(update=changes)
    own.data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.faults.chaos.scripted_process", Queue.TRANSCRIBE.value]
    with subprocess.Popen(command, env=child_environment(own, isolated=True)) as process:
        try:
            yield process
        finally:
            process.kill()


def under_way(services: Services, count: int) -> UUID:
    """So many recordings in the lanes of a worker that runs."""
    smelt = admit(services, count, "seconds=600")
    notify_claimable(services)
    wait_until(lambda: begun(services) == count, 60)
    return smelt


def test_when_a_whole_worker_dies_all_its_recordings_are_rescued_and_none_is_blamed(
    services: Services, settings: Settings, speech: SpeechProcess
) -> None:
    with worker(settings) as process:
        smelt = under_way(services, 4)
        process.kill()

    def rescued() -> bool:
        rescue_expired(services)
        return all(status == "pending" for status, *_ in attempts(services, smelt))

    wait_until(rescued)
    assert attempts(services, smelt) == [("pending", 1, 0, True)] * 4
    write_script(services, smelt, "seconds=0")
    with working(services, speech):
        wait_until(lambda: all_ended(services))
    assert attempts(services, smelt) == [("completed", 2, 0, True)] * 4


def test_a_worker_that_is_to_stop_gives_back_what_is_in_all_its_lanes(
    services: Services, settings: Settings
) -> None:
    with worker(settings) as process:
        smelt = under_way(services, 4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert attempts(services, smelt) == [("pending", 1, 0, False)] * 4
