"""A telephone call with a side on each channel: each is heard by itself, and is a speaker."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech.audio import Decoder
from pipeline.speech.channels import MOST_CHANNELS, ONE_CHANNEL, SeparateChannels
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.passage import NOTHING_BEFORE
from pipeline.speech.recognizer import Hints
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.transcript import Transcript
from pipeline.states import ErrorCode
from tests.recordings import REFERENCE, recording, word_error_rate
from tests.recordings.samples import wav
from tests.speech_model import WORD_MODEL
from tests.support.decoding import speech, type_of

SAID = speech()
HALF = int(3.4 * RATE)  # within a pause
SILENCE = np.zeros_like(SAID)
FIRST, SECOND = REFERENCE.partition(" action")[0], "action" + REFERENCE.partition(" action")[2]


@pytest.fixture(scope="module")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer.load(
        SpeechEngineSettings(WORD_MODEL, device="cpu", compute_type="int8", threads=2)
    )


def call(*channels: Samples) -> bytes:
    return wav(np.stack(channels))


def heard(recognizer: WhisperRecognizer, data: bytes, seen: list[float] | None = None) -> Transcript:
    file = io.BytesIO(data)
    told = [] if seen is None else seen
    hearing = SeparateChannels(
        lambda channel: Decoder(file, type_of(data), 3_600.0, channel), recognizer, Hints(), NOTHING_BEFORE
    )
    passages = [*hearing.passages(lambda done, _: told.append(done))]
    segments = tuple(segment for passage in passages for segment in passage.segments)
    return replace(hearing.outcome, segments=segments)


def turns(transcript: Transcript) -> list[tuple[str | None, str]]:
    """What each says in a row."""
    found: list[tuple[str | None, str]] = []
    for segment in transcript.segments:
        assert {word.speaker for word in segment.words} <= {segment.speaker}
        if found and found[-1][0] == segment.speaker:
            found[-1] = (segment.speaker, f"{found[-1][1]} {segment.text}")
        else:
            found.append((segment.speaker, segment.text))
    return found


def both_sides() -> tuple[Samples, Samples]:
    """The second channel speaks first, and each is to be heard faintly on the other."""
    early, late = SAID.copy(), SAID.copy()
    early[HALF:], late[:HALF] = 0.0, 0.0
    return late + 0.02 * early, early + 0.02 * late


def assert_said(found: Sequence[tuple[str | None, str]], *expected: tuple[str | None, str]) -> None:
    assert [speaker for speaker, _ in found] == [speaker for speaker, _ in expected]
    for (_, said), (_, reference) in zip(found, expected, strict=True):
        assert word_error_rate(reference, said) <= 0.15


def test_each_side_is_a_speaker_labeled_by_first_appearance(recognizer: WhisperRecognizer) -> None:
    seen: list[float] = []
    transcript = heard(recognizer, call(*both_sides()), seen)
    assert_said(turns(transcript), ("S1", FIRST), ("S2", SECOND))
    assert transcript.warnings == ()
    assert transcript.language == "en"
    assert transcript.duration_seconds == pytest.approx(len(SAID) / RATE, abs=0.1)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(len(SAID) / RATE, abs=0.1)


@pytest.mark.parametrize(
    "data",
    [call(SAID, SAID), call(SILENCE, SAID), recording("stereo.wav")],
    ids=["both alike", "one silent", "alike but for a codec's losses"],
)
def test_what_is_on_both_channels_is_written_once(recognizer: WhisperRecognizer, data: bytes) -> None:
    assert_said(turns(heard(recognizer, data)), ("S1", REFERENCE))


def test_a_recording_of_one_channel_says_that_it_is(recognizer: WhisperRecognizer) -> None:
    transcript = heard(recognizer, recording("speech.wav"))
    assert_said(turns(transcript), (None, REFERENCE))
    assert transcript.warnings == (ONE_CHANNEL,)


def test_more_channels_than_are_heard_are_mixed_and_told(recognizer: WhisperRecognizer) -> None:
    transcript = heard(recognizer, call(SAID, *[SILENCE] * MOST_CHANNELS))
    assert_said(turns(transcript), (None, REFERENCE))
    assert [warning for warning in transcript.warnings if "9 channels" in warning]


def test_no_speech_on_any_channel(recognizer: WhisperRecognizer) -> None:
    with pytest.raises(SmeltError) as raised:
        heard(recognizer, call(SILENCE, SILENCE))
    assert raised.value.code is ErrorCode.NO_SPEECH
