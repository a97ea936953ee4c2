"""Long recordings on every slot keep no short one waiting, on real processes; and whose notification is whose."""

import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import av
import numpy as np
import pytest
from sqlalchemy import text

from pipeline.content.keyring import new_content_key, smelt_context
from pipeline.fairness import BYTES_PER_SECOND, SHORT_SECONDS
from pipeline.settings import Settings
from pipeline.speech.gate import Gate
from pipeline.speech.process import SpeechProgress
from pipeline.speech.transcript import Segment, Transcript
from tests.faults.chaos.processes import workers
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.smelts import admit_all, new_smelt
from tests.support.waiting import wait_until
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName, Queue
from workers.pools import slots
from workers.reconciler.loop import notify_claimable
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

pytestmark = pytest.mark.long

LENGTH = int(SHORT_SECONDS) + 30  # seconds of what is long
SHORT, LONG = 10.0, SHORT_SECONDS * 10


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings.model_copy(update={"transcribe_slots": 3}))
    yield services
    services.close()


class Engine:
    """Reports this progress, one by one, and hears something in the end. `pace`: as a SpeechProcess's."""

    pace = 1.0
    clock = staticmethod(time.monotonic)
    gate = Gate()

    def __init__(self, *progress: SpeechProgress, seconds: float = SHORT) -> None:
        self._progress = progress
        self._seconds = seconds

    def transcribe(self, _job: object, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        for progress in self._progress:
            on_tick(progress)
        return Transcript((Segment(0.0, self._seconds, "alice"),), "en", self._seconds, ())


def admit_recordings(services: Services, count: int, seconds: float) -> None:
    """Of a size that promises so many seconds."""
    new = new_smelt(None, audio=count, prompts=())
    files = [replace(file, size_bytes=int(seconds * BYTES_PER_SECOND)) for file in new.files]
    wrapped = services.keyring.wrap(new_content_key(), smelt_context(new.id))
    with services.database.service() as conn:
        admit_all(conn, replace(new, files=files, content_key=wrapped))


def notified(services: Services) -> tuple[int | None, int | None]:
    return services.notifier.waiting(Queue.TRANSCRIBE), services.notifier.waiting(Queue.TRANSCRIBE_SHORT)


def run_short(services: Services, engine: Engine) -> bool:
    def perform(task: Task) -> None:
        transcribe(task, engine, only_short=True)  # type: ignore[arg-type]

    return run_next(services, ActorName.TRANSCRIBE_SHORT_FILE, perform, threading.Event()) is not None


def the_file(services: Services) -> tuple[str, int, int, float, float]:
    """Status, attempt, failures, cost, and its tenant's last finish time."""
    sql = """
        select f.status, attempt, failures, cost, last_tag from smelt_files f join smelts s on s.id = f.smelt_id
        join fair_tenants t on t.tenant = s.tenant and queue = 'transcribe'
    """
    with services.database.service() as conn:
        row = conn.execute(text(sql)).one()
    return row.status, row.attempt, row.failures, row.cost, row.last_tag


@pytest.mark.parametrize(
    ("total", "kept", "expected"),
    [(1, 1, (1, 0)), (2, 1, (1, 1)), (4, 1, (3, 1)), (4, 9, (1, 3)), (4, 0, (4, 0))],
)
def test_never_the_last_slot_is_kept(
    settings: Settings, total: int, kept: int, expected: tuple[int, int]
) -> None:
    settings = settings.model_copy(update={"transcribe_slots": total, "transcribe_short_slots": kept})

    queues = slots.processes(settings, Queue.TRANSCRIBE)
    assert (queues.count(Queue.TRANSCRIBE), queues.count(Queue.TRANSCRIBE_SHORT)) == expected


def test_only_those_who_may_claim_it_are_sent_for(services: Services) -> None:
    admit_recordings(services, 5, LONG)
    notify_claimable(services)
    assert notified(services) == (2, 0)

    admit_recordings(services, 5, SHORT)
    notify_claimable(services)
    notify_claimable(services)
    assert notified(services) == (2, 1)


def test_a_kept_slot_that_finds_only_long_work_takes_nobodys_notification(services: Services) -> None:
    admit_recordings(services, 5, LONG)
    notify_claimable(services)

    assert not run_short(services, Engine())
    assert notified(services) == (2, 0)


def test_one_short_recording_leads_to_the_next(services: Services) -> None:
    admit_recordings(services, 1, LONG)
    admit_recordings(services, 2, SHORT)

    assert run_short(services, Engine(SpeechProgress(1.0, SHORT)))
    assert notified(services) == (0, 1)
    assert run_short(services, Engine(SpeechProgress(1.0, SHORT)))
    assert notified(services) == (0, 1)
    assert not run_short(services, Engine())


@pytest.mark.parametrize(
    "progress",
    [
        [SpeechProgress(0.0, LONG)],
        [SpeechProgress(done, None) for done in (0.0, 100.0, 301.0)],
        [SpeechProgress(done, 5.0) for done in (0.0, 100.0, 301.0)],
        [SpeechProgress(done, None) for done in (0.0, 290.0, 301.0)],
    ],
    ids=[
        "its header says so",
        "without a header it goes on and on",
        "its header lies",
        "debited just before",
    ],
)
def test_one_that_turns_out_long_is_given_back_at_no_cost(
    services: Services, progress: list[SpeechProgress]
) -> None:
    admit_recordings(services, 1, SHORT)

    assert run_short(services, Engine(*progress))

    status, attempt, failures, cost, last_tag = the_file(services)
    assert (status, attempt, failures) == ("pending", 1, 0)
    assert cost == last_tag > SHORT_SECONDS
    assert not run_short(services, Engine())
    notify_claimable(services)
    assert notified(services) == (1, 0)


@pytest.mark.parametrize("total", [LONG / 20, None, 1.0], ids=["too long", "none", "too short"])
def test_in_the_end_the_true_length_is_debited_whatever_the_header_said(
    services: Services, total: float | None
) -> None:
    admit_recordings(services, 1, SHORT)

    # The transcript can't be stored without its content; all before that is what is looked at.
    assert run_short(services, Engine(SpeechProgress(0.0, total), seconds=200.0))

    *_, cost, last_tag = the_file(services)
    assert cost == last_tag == 201.0


def long_wave() -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as target:
        target.setparams((1, 2, 16_000, 0, "NONE", ""))
        target.writeframes(bytes(2 * 16_000 * LENGTH))
    return made.getvalue()


def long_in_few_bytes() -> bytes:
    """As long as `long_wave`, of a size that promises a minute or so."""
    made = BytesIO()
    with av.open(made, "w", format="flac") as media:
        stream = media.add_stream("flac", rate=16_000, layout="mono")
        for _ in range(LENGTH):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
            frame.sample_rate = 16_000
            media.mux(stream.encode(frame))
        media.mux(stream.encode(None))
    return made.getvalue()


def files_of(it: World, smelt: str) -> list[tuple[object, ...]]:
    """Status, attempt, failures of each, in their order."""
    return it.query(
        "select status::text, attempt, failures from smelt_files where smelt_id = %s order by position", smelt
    )


@pytest.mark.exhaustive
@pytest.mark.timeout(240)
def test_a_short_recording_does_not_wait_for_long_ones() -> None:
    """On real processes, one of them kept: also after it was killed, and beside one that only looks short."""
    with world(1, transcribe_slots=2) as it:
        long = it.oracle.post_recordings(long_wave(), 2, script="seconds=600")
        wait_until(lambda: [row[0] for row in files_of(it, long)] == ["processing", "pending"], 30)
        sly = it.oracle.post_recordings(long_in_few_bytes(), 1, script="seconds=4")
        wait_until(lambda: files_of(it, sly) == [("pending", 1, 0)], 30)

        for _ in range(2):
            short = it.oracle.post_recordings(recording("speech.wav"), 2)
            wait_until(lambda: [row[0] for row in files_of(it, short)] == ["completed"] * 2, 30)  # noqa: B023
            assert [row[0] for row in files_of(it, long)] == ["processing", "pending"]
            assert files_of(it, sly) == [("pending", 1, 0)]
            [kept] = workers(it.processes(), Queue.TRANSCRIBE_SHORT.value)
            kept.kill()

        it.oracle.withdraw(long, "cancel")
        it.settle(60)
        assert files_of(it, sly) == [("completed", 2, 0)]
        assert it.judge().holds
