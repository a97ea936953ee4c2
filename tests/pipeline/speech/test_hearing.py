"""How well speech is heard, by a real model. What the words of a few can show is in `test_speech.py`."""

import io
import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

# The package ships no types
from faster_whisper import decode_audio  # type: ignore[import-untyped]

from deploy.demo.demonstration import MEETING
from deploy.demo.record import MEETING as SPOKEN
from pipeline.speech.audio import decode
from pipeline.speech.blocks import cut
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.sniff import MediaType
from pipeline.speech.stream import Stream
from pipeline.speech.transcript import Segment
from tests.recordings import word_error_rate
from tests.recordings.samples import by_telephone
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


def quieter(samples: Samples) -> Samples:
    return samples * np.float32(10 ** (-30 / 20))


def in_noise(samples: Samples) -> Samples:
    return samples + np.random.default_rng(7).normal(0, 0.03, len(samples)).astype(np.float32)


@pytest.mark.parametrize("worse", [lambda samples: samples, quieter, by_telephone, in_noise])
def test_of_a_short_recording_the_model_hears_what_faster_whisper_would(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch, worse: Callable[[Samples], Samples]
) -> None:
    samples = worse(decode_audio(str(MEETING[0]), sampling_rate=RATE)[: round(11.1 * RATE)])
    given: list[Stream] = []
    step = tiny._model.step

    def noted(streams: Sequence[Stream]) -> None:
        given.extend(streams)
        step(streams)

    monkeypatch.setattr(tiny._model, "step", noted)
    list(segments_of(Recognition(tiny, Hints()), cut([samples])))

    assert (given[0].start, given[0].end) == (0.0, len(samples) / RATE)
    assert np.array_equal(given[0].features, tiny._model.features(samples))
