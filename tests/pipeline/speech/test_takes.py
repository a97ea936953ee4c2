"""A recording that fits one window is heard levelled, as it was recorded, or both."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from deploy.demo.demonstration import MEETING
from pipeline.speech.batcher import Batcher, Piece
from pipeline.speech.blocks import cut
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.stream import Decoding, Stream
from pipeline.speech.takes import Take, best_take
from pipeline.speech.transcript import Span
from pipeline.speech.words import TimedWord
from tests.support.decoding import heard as decoded
from tests.support.heard import segments_of

NO_FEATURES = np.zeros((80, 0), np.float32)
SILENCE = np.zeros(3 * RATE, np.float32)
SAID = decoded(MEETING[0].read_bytes())[0][: 11 * RATE]
RECORDED = np.concatenate([SILENCE, SAID])


def take(*log_probabilities: float, tokens: Sequence[int] = (10,), silent: bool = False) -> Take:
    """Of streams that decoded one piece each."""
    streams = []
    for number, log_probability in enumerate(log_probabilities):
        stream = Stream(number, 0.0, 10.0, [(0.0, 10.0)], (), "en", NO_FEATURES)
        size = tokens[number % len(tokens)]
        stream.settle(Decoding(tuple(range(size)), log_probability, compression=1.0, no_speech=0.0))
        streams.append(stream)
    return Take(streams, [] if silent else [TimedWord(0.0, 1.0, " word", (0,))])


@pytest.mark.parametrize(
    ("raised_by", "levelled", "as_recorded", "best", "heard"),
    [
        pytest.param(0, take(-0.44), take(-0.1), "levelled", "levelled", id="probable"),
        pytest.param(0, take(-0.46), take(-0.1), "recorded", "levelled recorded", id="the other is more so"),
        pytest.param(0, take(-0.5), take(-0.9), "levelled", "levelled recorded", id="or it isn't"),
        pytest.param(20, take(-0.1), take(-0.44), "recorded", "recorded", id="quiet"),
        pytest.param(20, take(-0.36), take(-0.46), "levelled", "recorded levelled", id="quiet, improbable"),
        pytest.param(50, take(-0.34), take(-0.1), "levelled", "levelled", id="too quiet"),
        pytest.param(
            50, take(-0.36), take(-0.1), "recorded", "levelled recorded", id="too quiet, improbable"
        ),
        pytest.param(
            0, take(-0.9), take(-0.1, silent=True), "levelled", "levelled recorded", id="words before none"
        ),
        pytest.param(
            20,
            take(-0.9),
            take(-0.1, silent=True),
            "levelled",
            "recorded levelled",
            id="quiet words before none",
        ),
        pytest.param(0, take(-0.1, silent=True), take(-0.5), "levelled", "levelled", id="surely nothing"),
    ],
)
def test_the_other_way_is_tried_where_one_comes_out_improbable(
    raised_by: float, levelled: Take, as_recorded: Take, best: str, heard: str
) -> None:
    takes = {"levelled": levelled, "recorded": as_recorded}
    tried: list[str] = []

    def way(name: str) -> Callable[[], Take]:
        def hear() -> Take:
            tried.append(name)
            return takes[name]

        return hear

    assert best_take(way("levelled"), way("recorded"), raised_by) is takes[best]
    assert tried == heard.split()


def test_a_takes_probability_is_that_of_a_token() -> None:
    assert take(-0.2, -0.8, tokens=(30, 10)).log_probability == pytest.approx(-0.35)
    assert take().log_probability == 0.0


def test_it_is_of_what_was_gone_on_with() -> None:
    """Not of what came out badly below, on the ladder."""
    stream = Stream(0, 0.0, 10.0, [(0.0, 10.0)], (), "en", NO_FEATURES)
    good = Decoding((1,), -0.2, compression=1.0, no_speech=0.0)
    assert stream.settle(Decoding((1, 2), -1.5, compression=1.0, no_speech=0.0)) is None
    assert stream.settle(good) is good
    assert stream.decodings == [good]


def quieter(decibels: float) -> Samples:
    return (RECORDED * np.float32(10 ** (-decibels / 20))).astype(np.float32)


def in_noise(samples: Samples) -> Samples:
    noise = np.random.default_rng(7).normal(0, np.sqrt(np.mean(SAID**2)), len(samples))
    return (samples + noise).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "whole"),
    [
        pytest.param(RECORDED, [False], id="clear"),
        pytest.param(quieter(25), [True], id="quiet throughout"),
        pytest.param(quieter(55), [False], id="too quiet for Whisper"),
        pytest.param(in_noise(RECORDED), [False, True], id="in noise"),
        pytest.param(np.concatenate([RECORDED, quieter(25)]), [False], id="partly quiet"),
        pytest.param(
            np.concatenate([quieter(25), quieter(25), quieter(25)]), [False], id="in several windows"
        ),
    ],
)
def test_in_which_ways_a_recording_is_heard(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch, samples: Samples, *, whole: list[bool]
) -> None:
    heard: list[list[Span]] = []
    work = Batcher.work

    def spied(self: Batcher, pieces: Sequence[Piece], told: Callable[[float], None]) -> None:
        heard.append([(piece.start, piece.end) for piece in pieces])
        work(self, pieces, told)

    monkeypatch.setattr(Batcher, "work", spied)
    progress: list[float] = []
    recognition = Recognition(tiny, Hints())
    assert list(segments_of(recognition, cut([samples]), progress.append))
    assert [spans == [(0.0, len(samples) / RATE)] for spans in heard] == whole
    assert progress == sorted(progress)
