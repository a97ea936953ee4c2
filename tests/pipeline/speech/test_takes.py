"""A recording that fits one window is heard levelled, as it was recorded, or both."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from faster_whisper import WhisperModel  # type: ignore[import-untyped]

from deploy.demo.demonstration import MEETING
from pipeline.speech.batcher import Batcher, Piece
from pipeline.speech.blocks import cut
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.models import located
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Features, Samples
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
    ("takes", "best", "heard"),
    [
        pytest.param([take(-0.44), take(-0.1)], 0, 1, id="probable"),
        pytest.param([take(-0.46), take(-0.35)], 1, 2, id="the other is more so"),
        pytest.param([take(-0.46), take(-0.37)], 0, 2, id="hardly more so"),
        pytest.param([take(-0.5), take(-0.9)], 0, 2, id="or it isn't"),
        pytest.param([take(-0.9), take(-0.1, silent=True)], 0, 2, id="words, not none"),
        pytest.param([take(-0.1, silent=True), take(-0.9)], 1, 2, id="words before none, however probable"),
        pytest.param([take(-0.9, silent=True), take(-0.1, silent=True)], 0, 2, id="none at all"),
        pytest.param([take(-2.0)], 0, 1, id="no other way"),
    ],
)
def test_the_other_way_is_tried_where_one_comes_out_improbable(
    takes: Sequence[Take], best: int, heard: int
) -> None:
    tried: list[Take] = []

    def hear() -> Iterator[Take]:
        for one in takes:
            tried.append(one)
            yield one

    assert best_take(hear()) is takes[best]
    assert len(tried) == heard


@pytest.mark.parametrize(
    ("takes", "best"),
    [
        ([take(-0.2), take(-0.18)], 1),
        ([take(-0.2), take(-0.195)], 0),
        ([take(-0.2), take(-0.21)], 0),
        ([take(-0.2), take(-0.1, silent=True)], 0),
        ([take(-0.1, silent=True), take(-0.2)], 1),
        ([take(-0.2)], 0),
    ],
)
def test_where_neither_is_to_be_preferred_the_most_probable_is_taken(
    takes: Sequence[Take], best: int
) -> None:
    assert best_take(iter(takes), prefer_first=False) is takes[best]


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
        pytest.param(RECORDED, [True], id="clear"),
        pytest.param(quieter(25), [True], id="quiet throughout"),
        pytest.param(in_noise(RECORDED), [True, False], id="in noise"),
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


@pytest.mark.parametrize("seconds", [11.0, 9.337, 4.5])
def test_what_is_heard_as_recorded_is_what_faster_whisper_hears(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Where a word is cut off, a frame that reaches beyond the end makes other words of the whole."""
    samples = SAID[: round(seconds * RATE)]
    given: list[Features] = []
    encode = WhisperModel.encode

    def spied(self: WhisperModel, features: Features) -> object:
        given.append(features.reshape(features.shape[-2:]))
        return encode(self, features)

    monkeypatch.setattr(WhisperModel, "encode", spied)
    bare = WhisperModel(located("tiny.en"), device="cpu", compute_type="int8", cpu_threads=2)
    told, _ = bare.transcribe(samples, language="en", word_timestamps=True)
    said = "".join(segment.text for segment in told).split()
    theirs = given[0]
    given.clear()
    segments = segments_of(Recognition(tiny, Hints()), cut([samples]))
    assert " ".join(segment.text for segment in segments).split() == said
    assert np.array_equal(given[0], theirs)


def test_a_prompt_takes_as_much_of_the_text_before_as_there_is_room_for(tiny: WhisperRecognizer) -> None:
    model = tiny._model
    bare = model.prompt("en", None)
    hinted = model.prompt("en", "Anne, Budget")
    before = tuple(range(100, 1_100))
    assert model.prompt("en", None, before=before)[1:] == (*before[-223:], *bare)
    behind_hint = model.prompt("en", "Anne, Budget", before=before)
    hint = hinted[1 : -len(bare)]
    assert behind_hint == (hinted[0], *hint, *before[len(hint) - 223 :], *bare)
    assert model.prompt("en", None, before=before[:3])[1:] == (*before[:3], *bare)
    much = "budget " * 400
    assert model.prompt("en", much, before=before) == model.prompt("en", much)


def test_what_follows_in_a_window_is_heard_behind_the_text_before_it(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As recorded; the windows of a longer recording share calls, for which their prompts must be of one length."""
    streams: list[Stream] = []
    work = Batcher.work

    def spied(self: Batcher, pieces: Sequence[Piece], told: Callable[[float], None]) -> None:
        streams.extend(piece for piece in pieces if isinstance(piece, Stream))
        work(self, pieces, told)

    monkeypatch.setattr(Batcher, "work", spied)
    meeting = decoded(MEETING[0].read_bytes())[0]
    prompt = tiny._model.prompt("en", None)
    for samples, in_context in ((meeting[: 29 * RATE], True), (meeting, False)):
        streams.clear()
        assert list(segments_of(Recognition(tiny, Hints()), cut([samples])))
        went_on = [one for one in streams if len(one.decodings) > 1]
        assert went_on
        for one in went_on:
            first = one.decodings[0].tokens
            assert (len(one.prompt) > len(prompt)) is in_context
            assert not in_context or one.prompt[1:5] == first[:4]
