"""The speech process: jobs, ticks, errors by code, and its deaths."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil
import pytest

from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.errors import DiedInCompany, GiveBack, LostLease, WorkError
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.passage import Before, Passage
from pipeline.speech.process import ChildDied, SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.sniff import HEAD_BYTES, MediaType, classify
from pipeline.speech.transcript import Transcript
from pipeline.states import Channels, ErrorCode
from tests.recordings import MEETING, REFERENCE, recording, repeated, word_error_rate
from tests.recordings.samples import wav
from tests.speech_model import WORD_MODEL
from tests.support.decoding import speech as decoded_speech

WORDS = SpeechEngineSettings(WORD_MODEL, device="cpu", compute_type="int8", threads=2)
KEY = secrets.token_bytes(32)
WAIT = 20.0  # seconds after which a condition is given up


@pytest.fixture(scope="module")
def content_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"file://{tmp_path_factory.mktemp('content')}"


@pytest.fixture(scope="module")
def speech(content_url: str) -> Iterator[SpeechProcess]:
    process = SpeechProcess(WORDS, content_url, tick_seconds=0.05)
    yield process
    process.close()


@pytest.fixture
def job(content_url: str) -> Callable[..., SpeechJob]:
    def make(data: bytes, max_seconds: float = 3_600.0, media_type: MediaType | None = None) -> SpeechJob:
        name = ObjectName(uuid4(), uuid4(), Kind.INPUT)
        ContentStore.open_url(content_url).put(name, KEY, data)
        found = media_type or classify(data[:HEAD_BYTES], None, None).media_type
        assert found is not None
        return SpeechJob(name, KEY, found, max_seconds)

    return make


@pytest.fixture
def long_job(job: Callable[..., SpeechJob]) -> SpeechJob:
    """More speech than is heard before a test ends it, however late the test is told of each step."""
    return job(repeated(150))


def ignore(_: SpeechProgress) -> None:
    pass


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def once_busy(act: Callable[[], None]) -> Callable[[SpeechProgress], None]:
    done = threading.Event()

    def tick(progress: SpeechProgress) -> None:
        if progress.done_seconds > 0 and not done.is_set():
            done.set()
            act()

    return tick


def test_a_sealed_recording_becomes_a_transcript(
    speech: SpeechProcess, job: Callable[..., SpeechJob]
) -> None:
    transcript = speech.transcribe(job(recording("speech.m4a")), ignore)
    assert word_error_rate(REFERENCE, transcript.text) <= 0.1
    assert transcript.language == "en"
    assert transcript.duration_seconds == pytest.approx(9.6, abs=0.1)
    assert transcript.segments[0].words
    assert transcript.warnings == ()


def test_ticks_tell_how_far_it_is(speech: SpeechProcess, job: Callable[..., SpeechJob]) -> None:
    """Of passages enough that some ticks fall among the last ones, however fast they are heard."""
    seen: list[SpeechProgress] = []
    speech.transcribe(job(repeated(48)), seen.append)
    done = [progress.done_seconds for progress in seen]
    assert len(seen) > 5
    assert done == sorted(done)
    assert seen[-1].total_seconds == pytest.approx(459, abs=6)
    assert done[-1] > 300


def test_who_takes_separate_channels_up_goes_on_where_each_was(
    speech: SpeechProcess, job: Callable[..., SpeechJob]
) -> None:
    """The first channel has been heard, and nothing of it can be told before the second has been."""
    said = decoded_speech()
    sides = np.tile([said, np.roll(said, len(said) // 2)], 4)
    separate = replace(job(wav(sides)), channels=Channels.SEPARATE)
    whole = speech.transcribe(separate, ignore)
    heard: list[Passage] = []

    def stop(progress: SpeechProgress) -> None:
        if progress.passages:
            heard.extend(progress.passages)
            raise LostLease

    with pytest.raises(LostLease):
        speech.transcribe(separate, stop)
    assert len(heard[0].channels) == 2
    assert heard[0].channels[0].waiting
    first = [segment for passage in heard for segment in passage.segments]
    rest = speech.transcribe(replace(separate, before=Before.of(heard)), ignore)
    assert replace(rest, segments=(*first, *rest.segments)) == whole
    assert {segment.speaker for segment in whole.segments} == {"S1", "S2"}


def test_the_model_stays_loaded_between_jobs(speech: SpeechProcess, job: Callable[..., SpeechJob]) -> None:
    speech.transcribe(job(recording("speech.ogg")), ignore)
    pid = speech.pid
    speech.transcribe(job(recording("speech.webm")), ignore)
    assert speech.pid == pid


@pytest.mark.parametrize(
    ("name", "max_seconds", "code"),
    [
        ("truncated.m4a", 60, ErrorCode.CORRUPTED_FILE),
        ("video_only.mp4", 60, ErrorCode.NO_AUDIO),
        ("silence.wav", 60, ErrorCode.NO_SPEECH),
        ("no_samples.wav", 60, ErrorCode.EMPTY_INPUT),
        ("speech.mp3", 5, ErrorCode.DURATION_EXCEEDED),
    ],
)
def test_what_is_wrong_with_a_recording_comes_back_as_its_code(
    speech: SpeechProcess, job: Callable[..., SpeechJob], name: str, max_seconds: float, code: ErrorCode
) -> None:
    speech.start()
    pid = speech.pid
    with pytest.raises(WorkError) as caught:
        speech.transcribe(job(recording(name), max_seconds), ignore)
    assert caught.value.code is code
    assert not caught.value.retryable
    assert speech.pid == pid


def test_content_that_is_gone_comes_back_as_expired(speech: SpeechProcess) -> None:
    missing = SpeechJob(ObjectName(uuid4(), uuid4(), Kind.INPUT), KEY, MediaType.WAV, 60)
    with pytest.raises(WorkError) as caught:
        speech.transcribe(missing, ignore)
    assert caught.value.code is ErrorCode.CONTENT_EXPIRED


def test_a_killed_child_is_reported_and_replaced(
    speech: SpeechProcess, long_job: SpeechJob, job: Callable[..., SpeechJob]
) -> None:
    speech.start()
    pid = speech.pid
    assert pid is not None
    with pytest.raises(ChildDied) as caught:
        speech.transcribe(long_job, once_busy(lambda: os.kill(pid, signal.SIGKILL)))
    assert caught.value.exit_code == -signal.SIGKILL
    assert caught.value.retryable
    assert speech.transcribe(job(recording("speech.ogg")), ignore).segments
    assert speech.pid != pid


def test_its_pace_is_that_of_what_it_has_done(content_url: str, job: Callable[..., SpeechJob]) -> None:
    speech = SpeechProcess(WORDS, content_url, tick_seconds=0.05)
    try:
        speech.start()
        assert speech.pace == 1.0
        started = time.monotonic()
        speech.transcribe(job(recording("speech.wav")), ignore)
        pace = speech.pace
        assert pace >= 9.5 / (time.monotonic() - started)
        with pytest.raises(WorkError):  # which tells nothing of it
            speech.transcribe(job(recording("truncated.m4a"), media_type=MediaType("mp4")), ignore)
        assert speech.pace == pace
    finally:
        speech.close()


def test_a_child_that_died_while_idle_is_replaced(
    speech: SpeechProcess, job: Callable[..., SpeechJob]
) -> None:
    speech.start()
    pid = speech.pid
    assert pid is not None
    psutil.Process(pid).kill()
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert speech.transcribe(job(recording("speech.ogg")), ignore).segments


@pytest.mark.parametrize("error", [GiveBack(), KeyError("gone"), KeyboardInterrupt()])
def test_what_a_tick_raises_stops_the_work_at_once(
    speech: SpeechProcess, long_job: SpeechJob, error: BaseException
) -> None:
    speech.start()
    pid = speech.pid
    assert pid is not None

    def stop() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        speech.transcribe(long_job, once_busy(stop))
    assert caught.value is error
    assert speech.pid is None
    assert not psutil.pid_exists(pid)


def test_ticks_go_on_while_the_child_says_nothing(speech: SpeechProcess, long_job: SpeechJob) -> None:
    """A child stuck in native code: stopped here, and killed by the caller's deadline."""
    speech.start()
    pid = speech.pid
    assert pid is not None
    ticks = 0

    def tick(_: SpeechProgress) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            os.kill(pid, signal.SIGSTOP)
        if ticks == 20:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        speech.transcribe(long_job, tick)
    assert not psutil.pid_exists(pid)


def test_ticks_come_while_the_model_is_loaded(content_url: str) -> None:
    process = SpeechProcess(WORDS, content_url, tick_seconds=0.02)
    ticks: list[SpeechProgress] = []
    process.start(ticks.append)
    process.close()
    assert ticks


def test_a_model_that_cannot_be_loaded_stops_the_start(content_url: str) -> None:
    process = SpeechProcess(SpeechEngineSettings("no-such-size"), content_url)
    with pytest.raises(ModelUnavailable, match="SMELT_WHISPER_MODEL"):
        process.start()
    assert process.pid is None
    process.close()


def test_memory_has_a_limit(content_url: str, long_job: SpeechJob) -> None:
    process = SpeechProcess(WORDS, content_url, tick_seconds=0.05, headroom_bytes=20_000_000)
    with pytest.raises(WorkError) as caught:
        process.transcribe(long_job, ignore)
    process.close()
    assert caught.value.retryable
    assert caught.value.code in (ErrorCode.TRANSCRIPTION_FAILED, ErrorCode.WORKER_LOST)


def test_the_child_has_no_secret_in_its_arguments_and_no_output(speech: SpeechProcess) -> None:
    speech.start()
    child = psutil.Process(speech.pid)
    assert child.cmdline()[1:3] == ["-m", "pipeline.speech.child"]
    assert all(argument.isdigit() for argument in child.cmdline()[3:])
    if sys.platform == "linux":
        limits = Path(f"/proc/{speech.pid}/limits").read_text()
        assert "Max core file size        0                    0" in limits


def test_the_child_sees_only_the_environment_it_is_given(content_url: str) -> None:
    process = SpeechProcess(WORDS, content_url, environment={"PATH": os.defpath, "HOME": "/nonexistent"})
    process.start()
    assert set(psutil.Process(process.pid).environ()) <= {"PATH", "HOME", "LC_CTYPE"}
    process.close()


def test_a_hub_out_of_reach_is_told_with_what_to_do(content_url: str, tmp_path: Path) -> None:
    nobody = {"PATH": os.defpath, "HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    process = SpeechProcess(SpeechEngineSettings("base"), content_url, environment=nobody)
    with pytest.raises(
        ModelUnavailable, match=r"'base' can't be loaded .* refused\. .* SMELT_WHISPER_MODEL=tiny\.en"
    ):
        process.start()
    process.close()


def test_the_child_dies_with_its_parent(content_url: str) -> None:
    script = (
        "import sys, time\n"
        "from pipeline.speech.engine_settings import SpeechEngineSettings\n"
        "from pipeline.speech.process import SpeechProcess\n"
        "process = SpeechProcess(SpeechEngineSettings(sys.argv[2], 'cpu', 'int8'), sys.argv[1])\n"
        "process.start()\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, content_url, WORD_MODEL]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_the_child_outlives_the_thread_that_started_it(
    content_url: str, job: Callable[..., SpeechJob]
) -> None:
    process = SpeechProcess(WORDS, content_url)
    starter = threading.Thread(target=process.start)
    starter.start()
    starter.join()
    pid = process.pid
    assert process.transcribe(job(MEETING.read_bytes()), ignore).segments
    assert process.pid == pid
    process.close()


@pytest.fixture
def lanes() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


class Tick:
    """Notes when its recording is under way; raises `error` from then on, once it is given."""

    def __init__(self) -> None:
        self.busy = threading.Event()
        self.error: BaseException | None = None

    def __call__(self, progress: SpeechProgress) -> None:
        if progress.done_seconds > 0:
            self.busy.set()
            if self.error is not None:
                raise self.error


def two_under_way(
    speech: SpeechProcess, lanes: ThreadPoolExecutor, first: SpeechJob, second: SpeechJob
) -> tuple[list[Future[Transcript]], list[Tick]]:
    speech.start()
    ticks = [Tick(), Tick()]
    heard = [
        lanes.submit(speech.transcribe, job, tick) for job, tick in zip((first, second), ticks, strict=True)
    ]
    assert all(tick.busy.wait(WAIT) for tick in ticks)
    return heard, ticks


def test_several_recordings_share_the_child_and_say_what_each_says_alone(
    speech: SpeechProcess, lanes: ThreadPoolExecutor, job: Callable[..., SpeechJob]
) -> None:
    jobs = [job(recording("speech.wav")), job(MEETING.read_bytes()), job(recording("speech.mp3"))] * 2
    alone = [speech.transcribe(each, ignore) for each in jobs]
    pid = speech.pid
    assert list(lanes.map(lambda each: speech.transcribe(each, ignore), jobs)) == alone
    assert speech.pid == pid


def test_what_is_wrong_with_a_recording_is_nothing_to_the_others(
    speech: SpeechProcess, lanes: ThreadPoolExecutor, job: Callable[..., SpeechJob]
) -> None:
    pid = speech.pid
    heard = lanes.submit(speech.transcribe, job(repeated(16)), ignore)
    with pytest.raises(WorkError) as caught:
        speech.transcribe(job(recording("silence.wav")), ignore)
    assert caught.value.code is ErrorCode.NO_SPEECH
    assert heard.result(WAIT).segments
    assert speech.pid == pid


@pytest.mark.parametrize("error", [LostLease(), GiveBack()])
def test_a_lane_that_stops_leaves_the_others_unharmed(
    speech: SpeechProcess,
    lanes: ThreadPoolExecutor,
    long_job: SpeechJob,
    job: Callable[..., SpeechJob],
    error: Exception,
) -> None:
    """Some seconds of hearing are left to the other one when the first of both stops."""
    another_job = job(repeated(48))
    expected = speech.transcribe(another_job, ignore)
    (stopped, going), ticks = two_under_way(speech, lanes, long_job, another_job)
    pid = speech.pid
    ticks[0].error = error
    assert stopped.exception(WAIT) is error
    assert speech.pid == pid
    assert going.result(2 * WAIT) == expected
    assert speech.pid == pid
    assert speech._child is not None
    eventually(lambda: speech._child is not None and speech._child._open == {})


def test_nobody_knows_whose_fault_a_death_in_company_was(
    speech: SpeechProcess, lanes: ThreadPoolExecutor, long_job: SpeechJob, job: Callable[..., SpeechJob]
) -> None:
    heard, _ = two_under_way(speech, lanes, long_job, long_job)
    assert speech.pid is not None
    os.kill(speech.pid, signal.SIGKILL)
    assert [type(each.exception(WAIT)) for each in heard] == [DiedInCompany] * 2
    assert speech.transcribe(job(recording("speech.wav")), ignore).segments


def test_a_stall_in_company_ends_the_child_and_is_nobodys_fault(
    speech: SpeechProcess, lanes: ThreadPoolExecutor, long_job: SpeechJob
) -> None:
    heard, ticks = two_under_way(speech, lanes, long_job, long_job)
    pid = speech.pid
    assert pid is not None
    ticks[0].error = WorkError(ErrorCode.TIMED_OUT, retryable=True)
    assert [type(each.exception(WAIT)) for each in heard] == [DiedInCompany] * 2
    assert not psutil.pid_exists(pid)


def test_who_is_left_alone_dies_alone(
    speech: SpeechProcess, lanes: ThreadPoolExecutor, long_job: SpeechJob
) -> None:
    """One that was canceled counts as company only until the child has let it go."""
    (stopped, going), ticks = two_under_way(speech, lanes, long_job, long_job)
    ticks[0].error = LostLease()
    assert isinstance(stopped.exception(WAIT), LostLease)
    eventually(lambda: speech._child is not None and len(speech._child._open) == 1)
    assert speech.pid is not None
    os.kill(speech.pid, signal.SIGKILL)
    assert isinstance(going.exception(WAIT), ChildDied)
