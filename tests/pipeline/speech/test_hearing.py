"""How well speech is heard, by a real model. What the words of a few can show is in `test_speech.py`."""

import io
import re

import pytest

from deploy.demo.demonstration import MEETING
from deploy.demo.record import MEETING as SPOKEN
from pipeline.speech.audio import decode
from pipeline.speech.blocks import cut
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.sniff import MediaType
from pipeline.speech.transcript import Segment
from tests.recordings import word_error_rate
from tests.support.heard import segments_of

SAID = " ".join(sentence for _, sentence in SPOKEN)
SECONDS = 59.4


@pytest.fixture(scope="module")
def heard(tiny: WhisperRecognizer) -> list[Segment]:
    """What the demo's recording says."""
    return hear(tiny, MEETING[0].read_bytes(), MediaType.MP4)


def hear(recognizer: WhisperRecognizer, data: bytes, media_type: MediaType) -> list[Segment]:
    samples = decode(io.BytesIO(data), media_type, 3_600)
    return list(segments_of(Recognition(recognizer, Hints()), cut(samples)))


def text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def test_a_meeting_of_two_is_heard_word_by_word(heard: list[Segment]) -> None:
    assert word_error_rate(SAID, text(heard)) <= 0.02


def test_what_is_asked_is_written_as_a_question(heard: list[Segment]) -> None:
    """The extractive engine looks for the marks of sentences."""
    asked = [sentence for _, sentence in SPOKEN if sentence.endswith("?")]
    assert re.findall(r"[A-Z][^.?!]*\?", text(heard)) == asked


def test_words_lie_in_order_within_the_recording(heard: list[Segment]) -> None:
    times = [time for segment in heard for word in segment.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] < 1
    assert SECONDS - 2 < times[-1] <= SECONDS
