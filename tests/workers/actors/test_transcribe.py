"""A recording goes through the real speech process into a transcript, or fails with the code of what is wrong."""

import signal
import threading
import time
import wave
from collections.abc import Iterator
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from api.smelts.presentation import full
from db.smelts.content_keys import get_content_key
from db.smelts.control import cancel, retry
from db.smelts.reads import get_smelt
from pipeline.content.keyring import new_content_key, smelt_context
from pipeline.content.store import Kind, ObjectName
from pipeline.errors import PUBLIC_MESSAGES, GiveBack, LostLease, WorkError
from pipeline.settings import Settings
from pipeline.smelt import Smelt, SmeltFile
from pipeline.speakers.models import EMBEDDING, SEGMENTATION, find_models
from pipeline.speakers.process import SpeakerProcess
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.gate import Gate
from pipeline.speech.process import ChildDied, SpeechProcess, SpeechProgress
from pipeline.speech.samples import RATE
from pipeline.speech.speakers import speaker_times
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName, ErrorCode, SmeltStatus, WorkStatus
from tests.recordings import REFERENCE, recording, word_error_rate
from tests.recordings.samples import encoded
from tests.speech_model import WORD_MODEL
from tests.support.scraping import rise, told
from tests.support.smelts import PLENTY, admit_all, new_smelt
from tests.support.waiting import wait_until
from workers.actors.speakers import NOT_TOLD_APART
from workers.actors.transcribe import share_heard, transcribe
from workers.notifications.queues import ActorName, Queue
from workers.runner.excess_usage import LEAST
from workers.runner.run import run_next
from workers.runner.task import Task
from workers.services import Services

KEY = new_content_key()
STALL = 0.2  # seconds until an engine that doesn't get on is given up


@pytest.fixture
def speech(settings: Settings) -> Iterator[SpeechProcess]:
    process = SpeechProcess(SpeechEngineSettings(WORD_MODEL), settings.need("content_url"), tick_seconds=0.1)
    yield process
    process.close()


def admit_recording(
    services: Services, name: str | bytes, prompts: tuple[DefaultPromptName, ...] = ()
) -> Smelt:
    """`name`: of a recording that is there, or its bytes."""
    data = name if isinstance(name, bytes) else recording(name)
    new = new_smelt(None, audio=1, prompts=prompts)
    wrapped = services.keyring.wrap(KEY, smelt_context(new.id))
    services.content.put(ObjectName(new.id, new.files[0].id, Kind.INPUT, 0), KEY, data)
    with services.database.service() as conn:
        admit_all(conn, new)
        conn.execute(text("update smelts set content_key = :key"), {"key": wrapped})
    return look(services, new.id)


def look(services: Services, smelt_id: object) -> Smelt:
    with services.database.service() as conn:
        smelt = get_smelt(conn, smelt_id)  # type: ignore[arg-type]
    assert smelt is not None
    return smelt


def run(services: Services, speech: SpeechProcess) -> None:
    assert run_next(
        services, ActorName.TRANSCRIBE_FILE, lambda task: transcribe(task, speech), threading.Event()
    )


def test_a_recording_becomes_a_sealed_transcript(services: Services, speech: SpeechProcess) -> None:
    smelt, before = admit_recording(services, "speech.wav"), told()

    run(services, speech)

    after = look(services, smelt.id)
    assert rise(before, "smelt_speech_recorded_seconds_total") == pytest.approx(9.6, abs=0.2)
    assert rise(before, "smelt_speech_real_time_factor_ratio_count") == 1
    assert rise(before, "smelt_speech_work_seconds_total") > 0
    (file,) = after.files
    assert (after.status, file.status) == (SmeltStatus.COMPLETED, WorkStatus.COMPLETED)
    assert file.duration_seconds == pytest.approx(9.6, abs=0.2)
    name = ObjectName(smelt.id, file.id, Kind.TRANSCRIPT, file.attempt)
    transcript = Transcript.from_json(services.content.get(name, KEY))
    assert word_error_rate(REFERENCE, transcript.text) <= 0.1
    with services.database.service() as conn:
        assert get_content_key(conn, smelt.id) is not None


def test_outputs_that_waited_for_a_transcript_are_sent_for_at_once(
    services: Services, speech: SpeechProcess
) -> None:
    admit_recording(services, "speech.wav", prompts=(DefaultPromptName.SUMMARIZE,))
    assert services.notifier.waiting(Queue.SYNTHESIZE) == 0

    run(services, speech)

    assert services.notifier.waiting(Queue.SYNTHESIZE) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("silence.wav", ErrorCode.NO_SPEECH),
        ("truncated.m4a", ErrorCode.CORRUPTED_FILE),
        ("video_only.mp4", ErrorCode.NO_AUDIO),
        ("g726.wav", ErrorCode.UNSUPPORTED_CODEC),
    ],
)
def test_what_only_decoding_can_tell_fails_that_file(
    services: Services, speech: SpeechProcess, name: str, code: ErrorCode
) -> None:
    data = (
        encoded("wav", "g726", np.zeros(RATE, np.float32), 8_000) if name == "g726.wav" else recording(name)
    )
    smelt = admit_recording(services, data, prompts=(DefaultPromptName.SUMMARIZE,))
    with services.database.service() as conn:
        conn.execute(
            text("update smelt_files set media_type = :media"),
            {"media": "wav" if name.endswith("wav") else "mp4"},
        )

    run(services, speech)

    after = look(services, smelt.id)
    assert [file.error_code for file in after.files] == [code]
    assert [output.error_code for output in after.outputs] == [ErrorCode.FILE_FAILED]
    assert after.error_code is ErrorCode.NOTHING_COMPLETED
    reason = {"g726.wav": "The recording's audio is in G.726 ADPCM, which is not supported."}
    assert full(after).files[0].error_message == reason.get(name, PUBLIC_MESSAGES[code])
    with services.database.service() as conn:
        retry(conn, smelt.id, PLENTY, 86_400)
    assert full(look(services, smelt.id)).files[0].error_message is None


def test_a_model_of_english_alone_fails_a_translation_and_says_why(
    services: Services, speech: SpeechProcess
) -> None:
    """Where admission couldn't tell: the model's folder is on the worker's machine alone."""
    smelt = admit_recording(services, "speech.wav")
    with services.database.service() as conn:
        conn.execute(text("update smelts set task = 'translate'"))

    run(services, speech)

    [file] = full(look(services, smelt.id)).files
    assert (file.status, file.error_code) == ("failed", "transcription_failed")
    assert file.error_message == "The speech model knows English only, so it can't translate."


def test_what_was_missing_stands_on_the_file_with_its_times(
    services: Services, speech: SpeechProcess
) -> None:
    data = recording("speech.wav")
    smelt = admit_recording(services, data[: len(data) // 2])

    run(services, speech)

    after = look(services, smelt.id)
    assert after.status is SmeltStatus.COMPLETED
    (file,) = full(after).files
    assert file.warnings == ["The recording is shorter than its header says; missing: 0:00:04 to 0:00:10."]
    name = ObjectName(smelt.id, file.id, Kind.TRANSCRIPT, after.files[0].attempt)
    assert Transcript.from_json(services.content.get(name, KEY)).warnings == tuple(file.warnings)


def test_a_recording_over_the_tiers_length_is_refused_at_probing(
    services: Services, speech: SpeechProcess
) -> None:
    smelt = admit_recording(services, "speech.wav")
    short = Services(
        services.settings.model_copy(update={"anonymous_audio_seconds": 5.0}),
        services.database,
        services.content,
        services.keyring,
        services.notifier,
        services.heartbeat,
    )

    run(short, speech)

    assert [file.error_code for file in look(services, smelt.id).files] == [ErrorCode.DURATION_EXCEEDED]


@pytest.mark.parametrize(
    ("done", "total", "share"),
    [
        (0.0, 10.0, 0.0),
        (5.0, 10.0, 0.5),
        (12.0, 10.0, 1.0),  # longer than its header says
        (0.0, None, 0.0),
        (60.0, None, 0.5),  # as expected: it may be twice as long
        (540.0, None, 0.9),
    ],
)
def test_how_much_has_been_heard_is_told_or_guessed(done: float, total: float | None, share: float) -> None:
    assert share_heard(SpeechProgress(done, total), 60.0) == pytest.approx(share)


def test_a_cancel_kills_the_computation(services: Services, speech: SpeechProcess) -> None:
    smelt = admit_recording(services, "speech.wav")
    name = ObjectName(smelt.id, smelt.files[0].id, Kind.INPUT, 0)
    services.content.put(name, KEY, repeated(recording("speech.wav"), 60))  # ten minutes
    speech.start()

    def perform(task: Task) -> None:
        threading.Thread(target=cancel_once_begun, args=(services, smelt)).start()
        transcribe(task, speech)

    assert run_next(services, ActorName.TRANSCRIBE_FILE, perform, threading.Event())

    after = look(services, smelt.id)
    assert after.status is SmeltStatus.CANCELED
    assert [file.status for file in after.files] == [WorkStatus.CANCELED]
    assert after.files[0].progress < 0.9  # it didn't run to its end
    assert speech.pid is None


def cancel_once_begun(services: Services, smelt: Smelt) -> None:
    wait_until(lambda: look(services, smelt.id).files[0].progress > 0)
    with services.database.service() as conn:
        cancel(conn, smelt.id)


def repeated(wav: bytes, times: int) -> bytes:
    with wave.open(BytesIO(wav)) as source:
        layout, frames = source.getparams(), source.readframes(source.getnframes())
    made = BytesIO()
    with wave.open(made, "wb") as target:
        target.setparams(layout)
        target.writeframes(frames * times)
    return made.getvalue()


class Hanging:
    """An engine that reports the same progress for ever, as native code that hangs does. Counts its starts."""

    pace = 100.0
    clock = staticmethod(time.monotonic)
    gate = Gate()
    started = 0

    def start(self, _on_tick: object) -> None:
        self.started += 1

    def transcribe(self, _job: object, on_tick) -> Transcript:  # type: ignore[no-untyped-def]
        while True:
            on_tick(SpeechProgress(1.0, 10.0))


class Crawling(Hanging):
    """An engine that always makes a little progress, and never comes to the end."""

    def transcribe(self, _job: object, on_tick) -> Transcript:  # type: ignore[no-untyped-def]
        for step in count(1):
            on_tick(SpeechProgress(10.0 - 10.0 / step, 10.0))
        raise AssertionError("unreachable")


class LostWhileStarting(Hanging):
    """The row goes to another while a new child loads its model."""

    def start(self, _on_tick: object) -> None:
        super().start(_on_tick)
        raise LostLease


@pytest.mark.parametrize("engine", [Hanging, Crawling, LostWhileStarting])
def test_a_recording_that_does_not_get_on_times_out(services: Services, engine: type[Hanging]) -> None:
    smelt = admit_recording(services, "speech.wav")
    hanging, owed = engine(), last_finish_time(services)

    error = run_into_error(services, hanging, threading.Event())

    assert (error.code, error.retryable) == (ErrorCode.TIMED_OUT, True)
    (file,) = look(services, smelt.id).files
    assert (file.status, file.duration_seconds) == (WorkStatus.WAITING, 10.0)
    assert hanging.started == 1
    # Its tenant owes what could have been transcribed at the usual pace meanwhile.
    assert last_finish_time(services) - owed >= STALL * Hanging.pace - 10.0


def test_a_worker_that_is_to_stop_starts_no_child_again(services: Services) -> None:
    admit_recording(services, "speech.wav")
    stopping = threading.Event()

    class Dying(Hanging):
        def transcribe(self, _job: object, _on_tick: object) -> Transcript:
            stopping.set()
            raise ChildDied(-signal.SIGKILL)

    dying = Dying()
    error = run_into_error(services, dying, stopping)

    assert (error.code, dying.started) == (ErrorCode.WORKER_LOST, 0)


@pytest.mark.parametrize("error", [GiveBack(), WorkError(ErrorCode.CORRUPTED_FILE)])
def test_what_is_not_the_engines_death_costs_nothing_more(services: Services, error: WorkError) -> None:
    admit_recording(services, "speech.wav")

    class Refusing(Hanging):
        def transcribe(self, _job: object, _on_tick: object) -> Transcript:
            time.sleep(0.1)  # for which it would owe ten seconds
            raise error

    refusing, owed = Refusing(), last_finish_time(services)
    assert run_into_error(services, refusing, threading.Event()) is error

    assert (refusing.started, last_finish_time(services)) == (0, owed)


def run_into_error(services: Services, engine: Hanging, stopping: threading.Event) -> WorkError:
    """Runs the next file with an engine that gives up soon, and gives what came of it."""
    impatient = Services(
        services.settings.model_copy(update={"stall_seconds": STALL}),
        services.database,
        services.content,
        services.keyring,
        services.notifier,
        services.heartbeat,
    )
    errors = []

    def perform(task: Task) -> None:
        with pytest.raises(WorkError) as raised:
            transcribe(task, engine)  # type: ignore[arg-type]
        errors.append(raised.value)
        raise raised.value

    assert run_next(impatient, ActorName.TRANSCRIBE_FILE, perform, stopping)
    [error] = errors
    return error


def last_finish_time(services: Services) -> float:
    with services.database.service() as conn:
        return float(
            conn.execute(text("select last_tag from fair_tenants where queue = 'transcribe'")).scalar_one()
        )


def tell_speakers(services: Services, smelt: Smelt) -> None:
    with services.database.service() as conn:
        conn.execute(text("update smelts set speakers = true where id = :id"), {"id": smelt.id})


def told_by(
    services: Services, speech: SpeechProcess, speakers: SpeakerProcess | None, smelt: Smelt
) -> tuple[SmeltFile, Transcript]:
    """The file and what lies in the store, once a worker with this engine has heard it."""
    tell_speakers(services, smelt)
    assert run_next(
        services,
        ActorName.TRANSCRIBE_FILE,
        lambda task: transcribe(task, speech, speakers),
        threading.Event(),
    )
    [file] = look(services, smelt.id).files
    assert file.status is WorkStatus.COMPLETED
    stored = services.content.get(ObjectName(smelt.id, file.id, Kind.TRANSCRIPT, file.attempt), KEY)
    return file, Transcript.from_json(stored)


def test_speakers_are_told_after_the_recording_was_heard(services: Services, speech: SpeechProcess) -> None:
    speakers = SpeakerProcess(find_models(None), services.settings.need("content_url"), threads=2)
    file, transcript = told_by(services, speech, speakers, admit_recording(services, "speech.wav"))
    assert transcript.warnings == ()
    assert {segment.speaker for segment in transcript.segments} >= {"S1"}
    assert file.speaker_seconds == tuple(time.seconds for time in speaker_times(transcript))
    assert word_error_rate(REFERENCE, transcript.text) <= 0.1


def test_who_has_speakers_told_owes_for_the_time_that_it_takes(
    services: Services, speech: SpeechProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it takes long, which here is any time at all."""
    speakers = SpeakerProcess(find_models(None), services.settings.need("content_url"), threads=1)
    told_by(services, speech, None, admit_recording(services, "speech.wav"))
    heard = last_finish_time(services)
    told_by(services, speech, speakers, admit_recording(services, "speech.wav"))
    told = last_finish_time(services) - heard
    monkeypatch.setattr("pipeline.fairness.SLOW_SECONDS", 0.0)
    told_by(services, speech, speakers, admit_recording(services, "speech.wav"))
    assert last_finish_time(services) - heard - told >= told + LEAST


@pytest.mark.parametrize("engine", ["broken", "missing"])
def test_when_speakers_can_not_be_told_the_transcript_stays_and_says_so(
    services: Services, speech: SpeechProcess, tmp_path: Path, engine: str
) -> None:
    speakers = None
    if engine == "broken":
        for name in (SEGMENTATION, EMBEDDING):
            (tmp_path / name).write_bytes(b"no network")
        speakers = SpeakerProcess(find_models(tmp_path), services.settings.need("content_url"), threads=1)
    file, transcript = told_by(services, speech, speakers, admit_recording(services, "speech.wav"))
    assert file.warnings == transcript.warnings == (NOT_TOLD_APART,)
    assert file.speaker_seconds is None
    assert word_error_rate(REFERENCE, transcript.text) <= 0.1
