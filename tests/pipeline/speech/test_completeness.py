"""Nothing that is said is left out, nothing is made up, and what shares a batch changes nothing: by a real model."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from deploy.demo.demonstration import MEETING
from deploy.demo.record import MEETING as SPOKEN
from pipeline.errors import SmeltError
from pipeline.speech.blocks import cut
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.stream import Stream
from pipeline.speech.transcript import Segment
from pipeline.states import ErrorCode
from tests.recordings import word_error_rate
from tests.support.deaf_child import deafen
from tests.support.decoding import heard as decoded
from tests.support.heard import segments_of

MADE = decoded(MEETING[0].read_bytes())[0]
SAID = " ".join(sentence for _, sentence in SPOKEN)
PASSAGE = MADE[: round(11.1 * RATE)]  # four sentences; the last ends at 10.8 seconds
PASSAGE_SAID = " ".join(sentence for _, sentence in SPOKEN[:4])


def random() -> np.random.Generator:
    return np.random.default_rng(16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def noise(seconds: float, level: float = 0.02) -> Samples:
    return random().normal(0, level, round(seconds * RATE)).astype(np.float32)


def tone(seconds: float) -> Samples:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def applause(seconds: float) -> Samples:
    drawn, samples = random(), silence(seconds)
    for clap in np.exp(-np.arange(800) / 100) * drawn.normal(0, 0.1, (round(150 * seconds), 800)):
        begin = drawn.integers(0, len(samples) - len(clap))
        samples[begin : begin + len(clap)] += clap
    return samples


def quieter(decibels: float, samples: Samples) -> Samples:
    """As a file of 16 bits has it."""
    rounded: npt.NDArray[np.floating] = np.round(samples * 10 ** (-decibels / 20) * 32_767) / 32_768
    return rounded.astype(np.float32)


def heard(recognizer: WhisperRecognizer, *parts: Samples) -> tuple[list[Segment], Recognition]:
    recognition = Recognition(recognizer, Hints())
    return list(segments_of(recognition, cut([np.concatenate(parts)]))), recognition


def text(segments: list[Segment], start: float = 0.0, end: float = float("inf")) -> str:
    """Of the words in the middle of that time."""
    words = [word for segment in segments for word in segment.words]
    return "".join(word.text for word in words if start <= (word.start + word.end) / 2 < end).strip()


@pytest.mark.parametrize("made", [silence, noise, tone, applause])
def test_no_words_are_made_up_where_nobody_speaks(
    tiny: WhisperRecognizer, made: Callable[[float], Samples]
) -> None:
    with pytest.raises(SmeltError) as caught:
        heard(tiny, made(60))
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_speech_after_a_long_silence_is_heard(tiny: WhisperRecognizer) -> None:
    segments, recognition = heard(tiny, silence(90), PASSAGE)
    assert word_error_rate(PASSAGE_SAID, text(segments)) == 0
    assert segments[0].start == pytest.approx(90, abs=0.5)
    assert recognition.unheard == []
    assert recognition.warnings == ()


@pytest.mark.parametrize("between", [noise, pytest.param(applause, marks=pytest.mark.exhaustive)])
def test_between_speech_and_speech_nothing_is_made_up(
    tiny: WhisperRecognizer, between: Callable[[float], Samples]
) -> None:
    segments, recognition = heard(tiny, PASSAGE, between(180), PASSAGE)
    second = len(PASSAGE) / RATE + 180
    assert word_error_rate(PASSAGE_SAID, text(segments, end=second / 2)) <= 0.1
    assert word_error_rate(PASSAGE_SAID, text(segments, start=second / 2)) <= 0.1
    assert text(segments, 12, second - 0.5) == ""
    assert recognition.unheard == []


def test_quiet_speech_is_heard(tiny: WhisperRecognizer) -> None:
    segments, recognition = heard(tiny, quieter(50, PASSAGE))
    assert word_error_rate(PASSAGE_SAID, text(segments)) <= 0.1
    assert recognition.unheard == []


def test_a_quiet_speaker_after_a_loud_one_is_heard(tiny: WhisperRecognizer) -> None:
    segments, recognition = heard(tiny, PASSAGE, silence(0.5), quieter(40, PASSAGE))
    middle = len(PASSAGE) / RATE + 0.25
    assert word_error_rate(PASSAGE_SAID, text(segments, end=middle)) <= 0.12
    assert word_error_rate(PASSAGE_SAID, text(segments, start=middle)) <= 0.12
    assert recognition.unheard == []


WINDOWS = [silence(35), PASSAGE, silence(30), MADE[: 4 * RATE], silence(30), PASSAGE[round(4.5 * RATE) :]]
"""Of 11.1, 4 and 6.6 seconds, none of them the recording's first: so all may be shorter than 30."""


def calls_of(recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch) -> list[list[Stream]]:
    """The streams that share each call, from now on."""
    calls: list[list[Stream]] = []
    step = recognizer._model.step

    def noted(streams: Sequence[Stream]) -> None:
        calls.append(list(streams))
        step(streams)

    monkeypatch.setattr(recognizer._model, "step", noted)
    return calls


def heard_in_batches(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch, parts: list[Samples]
) -> dict[int, tuple[list[Segment], int]]:
    """For each batch size what was heard, and the most streams that shared a call."""
    calls = calls_of(recognizer, monkeypatch)
    found = {}
    for batch_size in (1, 4, 16):
        segments, _ = heard(WhisperRecognizer(recognizer._model, batch_size), *parts)
        found[batch_size] = segments, max(map(len, calls))
        calls.clear()
    return found


def test_what_shares_a_batch_changes_no_word(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = heard_in_batches(tiny, monkeypatch, WINDOWS)
    assert [most for _, most in found.values()] == [
        1,
        3,
        3,
    ]
    assert len({tuple(segment.text for segment in segments) for segments, _ in found.values()}) == 1


@pytest.mark.exhaustive
def test_what_shares_a_large_batch_changes_no_word(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = [part for _ in range(5) for part in (PASSAGE, silence(20))]  # of one passage
    parts = [silence(35), *windows]
    found = heard_in_batches(tiny, monkeypatch, parts)
    assert [most for _, most in found.values()] == [1, 4, 5]
    assert len({tuple(segment.text for segment in segments) for segments, _ in found.values()}) == 1


class Forgetful:
    """Stands in for the model's lowest part; of the first decoding it gives what `forget` leaves."""

    def __init__(self, inner: Any, forget: Callable[[list[int]], list[int]]) -> None:
        self._inner = inner
        self._forget = forget
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def generate(self, *what: Any, **how: Any) -> list[Any]:
        results: list[Any] = self._inner.generate(*what, **how)
        self.calls += 1
        if self.calls > 1:
            return results
        [first] = results
        tokens = self._forget(first.sequences_ids[0])
        return [
            SimpleNamespace(sequences_ids=[tokens], scores=first.scores, no_speech_prob=first.no_speech_prob)
        ]


FIRST_STAMP = 50_363  # of the tokens of an English model


def in_segments(tokens: list[int]) -> list[list[int]]:
    """Each with its two stamps."""
    stamps = [at for at, token in enumerate(tokens) if token >= FIRST_STAMP]
    assert len(stamps) == 6, "the passage is three segments for the model"
    return [tokens[start : end + 1] for start, end in zip(stamps[::2], stamps[1::2], strict=True)]


def without(number: int) -> Callable[[list[int]], list[int]]:
    def forget(tokens: list[int]) -> list[int]:
        segments = in_segments(tokens)
        return [token for at, segment in enumerate(segments) if at != number for token in segment]

    return forget


def only_first(tokens: list[int]) -> list[int]:
    """Ended by a single stamp: nothing more is said."""
    return in_segments(tokens)[0]


@pytest.mark.parametrize(
    "forget",
    [
        pytest.param(without(0), id="the beginning"),
        pytest.param(without(1), id="the middle"),
        pytest.param(without(2), id="the end"),
        pytest.param(only_first, id="ends early"),
        pytest.param(lambda _: [], id="says nothing"),
    ],
)
def test_what_the_model_passes_over_is_heard_all_the_same(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch, forget: Callable[[list[int]], list[int]]
) -> None:
    forgetful = Forgetful(tiny._model._model.model, forget)
    monkeypatch.setattr(tiny._model._model, "model", forgetful)
    segments, recognition = heard(tiny, PASSAGE)
    assert forgetful.calls > 1
    assert word_error_rate(PASSAGE_SAID, text(segments)) <= 0.12
    starts = {word.text: word.start for segment in segments for word in segment.words}
    for word, start in ((" talk", 2.6), (" asked", 5.4), (" design", 10.0)):
        assert starts[word] == pytest.approx(start, abs=0.5)
    assert recognition.unheard == []
    assert recognition.warnings == ()


def test_what_is_heard_again_are_segments_of_their_own(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of(tiny, monkeypatch)
    monkeypatch.setattr(tiny._model._model, "model", Forgetful(tiny._model._model.model, without(0)))
    heard(tiny, PASSAGE)
    streams = [stream for call in calls for stream in call]
    assert len({stream.number for stream in streams}) > 1
    numbers = [
        {word.segment for word in one.words} for one in {each.number: each for each in streams}.values()
    ]
    assert len(set.union(*numbers)) == sum(map(len, numbers))


def test_speech_in_which_no_words_are_made_out_is_told(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 40 seconds on the model makes out nothing, however often it is asked."""
    deafen(monkeypatch, after_seconds=40)
    segments, recognition = heard(tiny, PASSAGE, silence(50 - 11.1), PASSAGE)
    assert word_error_rate(PASSAGE_SAID, text(segments)) == 0
    assert recognition.unheard == sorted(recognition.unheard)
    assert recognition.unheard[0][0] == pytest.approx(50.3, abs=0.2)
    assert recognition.unheard[-1][1] == pytest.approx(60.8, abs=0.2)
    assert sum(end - start for start, end in recognition.unheard) > 8
    [warning] = recognition.warnings
    assert warning.startswith("No words could be made out where somebody seems to speak: 0:00:50 to 0:00:5")


def test_a_window_that_says_nothing_isnt_heard_again_just_the_same(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deafen(monkeypatch, after_seconds=0)
    calls = calls_of(tiny, monkeypatch)
    recognition = Recognition(tiny, Hints())
    sentence = MADE[round(2.2 * RATE) : 4 * RATE]
    with pytest.raises(SmeltError):
        list(segments_of(recognition, cut([np.concatenate([silence(3), sentence, silence(3)])])))
    assert len({(stream.start, stream.end) for call in calls for stream in call}) == sum(map(len, calls))
    [(start, end)] = recognition.unheard
    assert start == pytest.approx(3.0, abs=0.3)
    assert end == pytest.approx(4.8, abs=0.3)
