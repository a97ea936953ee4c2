"""The real engine in its child process, on the demo's two voices: who speaks, when, and what becomes of a failure."""

import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil
import pytest

from deploy.demo import record
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.errors import LostLease
from pipeline.speakers.assignment import with_speakers
from pipeline.speakers.models import (
    EMBEDDING,
    SEGMENTATION,
    SpeakersUnavailable,
    can_tell_speakers,
    find_models,
)
from pipeline.speakers.process import SpeakerProcess, SpeakersFailed
from pipeline.speech.audio import Decoder
from pipeline.speech.blocks import cut
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE
from pipeline.speech.sniff import MediaType
from pipeline.speech.speakers import SpeakerBounds
from pipeline.speech.transcript import Segment
from pipeline.speech.wire import SpeechJob
from tests.recordings import recording, word_error_rate
from tests.recordings.samples import wav
from tests.support.heard import segments_of

KEY = secrets.token_bytes(32)
LINES = 13  # of the demo's meeting, in ten turns
END = 38.3  # seconds at which they end
ANYBODY = SpeakerBounds()

MakeJob = Callable[[bytes], SpeechJob]


@pytest.fixture(scope="module")
def meeting() -> bytes:
    data = Path(record.__file__).with_name("meeting.m4a").read_bytes()
    samples = np.concatenate(list(Decoder(io.BytesIO(data), MediaType.MP4, 3_600.0).samples()))
    return wav(samples[: int(END * RATE)])


@pytest.fixture(scope="module")
def beginning(meeting: bytes) -> bytes:
    """Both have spoken in it."""
    return wav(
        np.concatenate(list(Decoder(io.BytesIO(meeting), MediaType.WAV, 3_600.0).samples()))[: 9 * RATE]
    )


@pytest.fixture(scope="module")
def content_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"file://{tmp_path_factory.mktemp('content')}"


@pytest.fixture(scope="module")
def job(content_url: str) -> MakeJob:
    def make(data: bytes) -> SpeechJob:
        name = ObjectName(uuid4(), uuid4(), Kind.INPUT)
        ContentStore.open_url(content_url).put(name, KEY, data)
        return SpeechJob(name, KEY, MediaType.WAV, 3_600.0)

    return make


@pytest.fixture(scope="module")
def speakers(content_url: str) -> SpeakerProcess:
    """Fails where the networks aren't there: `make test` makes them."""
    return SpeakerProcess(find_models(None), content_url, threads=2)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children()}
    yield
    assert {child.pid for child in psutil.Process().children()} <= before


def ignore(_: float) -> None:
    pass


def heard(data: bytes) -> list[Segment]:
    recognizer = WhisperRecognizer.load(
        SpeechEngineSettings("tiny.en", device="cpu", compute_type="int8", threads=2)
    )
    decoder = Decoder(io.BytesIO(data), MediaType.WAV, 3_600.0)
    return list(segments_of(Recognition(recognizer, Hints()), cut(decoder.samples())))


def spoken_turns() -> list[tuple[str, str]]:
    turns: list[tuple[str, str]] = []
    for voice, sentence in record.MEETING[:LINES]:
        label = "S1" if voice == record.ANNA else "S2"
        if turns and turns[-1][0] == label:
            turns[-1] = (label, f"{turns[-1][1]} {sentence}")
        else:
            turns.append((label, sentence))
    return turns


def test_two_voices_in_turn_are_two_speakers_and_every_turn_is_right(
    speakers: SpeakerProcess, job: MakeJob, meeting: bytes
) -> None:
    shares: list[float] = []
    turns = speakers.tell_apart(job(meeting), ANYBODY, END, shares.append).turns
    found: list[tuple[str | None, str]] = []
    for segment in with_speakers(heard(meeting), turns):
        if found and found[-1][0] == segment.speaker:
            found[-1] = (segment.speaker, f"{found[-1][1]} {segment.text}")
        else:
            found.append((segment.speaker, segment.text))
    expected = spoken_turns()
    assert [speaker for speaker, _ in found] == [speaker for speaker, _ in expected]
    for (_, said), (_, reference) in zip(found, expected, strict=True):
        assert word_error_rate(reference, said) <= 0.25
    assert shares
    assert 0.0 <= min(shares) <= max(shares) <= 1.0


@pytest.mark.parametrize(
    ("bounds", "count"),
    [(SpeakerBounds(most=1), 1), (SpeakerBounds(2, 2), 2)],
    ids=["at most one", "exactly two"],
)
def test_there_are_as_many_as_the_client_knows(
    speakers: SpeakerProcess, job: MakeJob, beginning: bytes, bounds: SpeakerBounds, count: int
) -> None:
    turns = speakers.tell_apart(job(beginning), bounds, 9.0, ignore).turns
    assert len({turn.speaker for turn in turns}) == count


def test_where_nobody_speaks_there_is_no_turn(speakers: SpeakerProcess, job: MakeJob) -> None:
    assert speakers.tell_apart(job(recording("silence.wav")), ANYBODY, 3.0, ignore).turns == ()


def test_what_the_caller_raises_ends_the_process(
    speakers: SpeakerProcess, job: MakeJob, meeting: bytes
) -> None:
    def stop(_: float) -> None:
        raise LostLease

    with pytest.raises(LostLease):
        speakers.tell_apart(job(meeting), ANYBODY, END, stop)


def test_a_process_that_fails_says_why(
    speakers: SpeakerProcess, job: MakeJob, beginning: bytes, tmp_path: Path
) -> None:
    for name in (SEGMENTATION, EMBEDDING):
        (tmp_path / name).write_bytes(b"no network")
    broken = replace(speakers, models=find_models(tmp_path))
    with pytest.raises(SpeakersFailed):
        broken.tell_apart(job(beginning), ANYBODY, 9.0, ignore)
    cramped = replace(speakers, headroom_bytes=0)
    with pytest.raises(SpeakersFailed):
        cramped.tell_apart(job(beginning), ANYBODY, 9.0, ignore)
    lost = replace(job(beginning), key=secrets.token_bytes(32))
    with pytest.raises(SpeakersFailed):
        speakers.tell_apart(lost, ANYBODY, 9.0, ignore)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpeakersUnavailable, match=r"lacks segmentation\.onnx and embedding\.onnx"):
        find_models(tmp_path)
    assert not can_tell_speakers(tmp_path)
    monkeypatch.setattr("pipeline.speakers.models.find_spec", lambda _: None)
    with pytest.raises(SpeakersUnavailable, match=r"pip install 'smelt\[speakers\]'"):
        find_models(None)
