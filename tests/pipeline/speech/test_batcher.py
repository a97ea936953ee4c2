"""What shares a call of the model: recordings take turns, and each says the same whatever is heard beside it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from deploy.demo.demonstration import MEETING as SPOKEN
from pipeline.speech.batcher import Batcher, Piece, _Recording
from pipeline.speech.blocks import cut
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE
from pipeline.speech.stream import Stream
from pipeline.speech.transcript import Segment
from pipeline.speech.whisper import Whisper
from pipeline.speech.words import TimedWord
from tests.recordings import MEETING, recording
from tests.speech_model import WORD_MODEL
from tests.support.decoding import heard as decoded
from tests.support.heard import segments_of
from tests.support.waiting import wait_until

NO_FEATURES = np.zeros((80, 0), np.float32)
LONG = 30.0  # seconds
STEP = 10.0  # of a window, that a call hears


class Model(Whisper):
    """Hears ten seconds of each stream in a call, of which `before` is told."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.calls: list[list[Stream]] = []
        self._before = before

    def encoder_frames(self, piece: Piece) -> int:
        return 3_000 if piece.left > STEP else 2_000

    def step(self, streams: Sequence[Stream]) -> None:
        self.calls.append(list(streams))
        self._before()
        for stream in streams:
            stream.advance([TimedWord(0.0, stream.position + STEP, " word", (0,))], complete=False)


def windows(count: int, seconds: float = LONG, prompt: tuple[int, ...] = (1,)) -> list[Stream]:
    return [
        Stream(number, 0.0, seconds, [(0.0, seconds)], prompt, "en", NO_FEATURES) for number in range(count)
    ]


def test_one_recording_fills_the_calls_with_its_largest_group() -> None:
    model, streams = Model(), [*windows(2, seconds=9.0), *windows(5)]
    told: list[float] = []
    Batcher(model, 4).work(streams, told.append)
    assert model.calls[0] == streams[2:6]
    assert all(stream.ended for stream in streams)
    assert len(told) == len(model.calls)
    assert told == sorted(told)
    assert told[-1] == 1.0


def beside_a_lecture(
    lecture: list[Stream], memo: list[Stream], told: Callable[[float], None] = lambda _: None
) -> list[list[Stream]]:
    """The calls, where the memo comes during the lecture's first. `told`: what the memo is told."""
    began, go_on = threading.Event(), threading.Event()

    def hold_the_first() -> None:
        began.set()
        assert go_on.wait(20)

    model = Model(hold_the_first)
    batcher = Batcher(model, 2)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(batcher.work, lecture, lambda _: None)
        assert began.wait(20)
        second = threads.submit(batcher.work, memo, told)
        wait_until(lambda: len(batcher._queue) == 2)
        go_on.set()
        first.result(20)
        second.result(20)
    assert batcher._queue == []
    return model.calls


def test_a_memo_does_not_wait_behind_a_lecture() -> None:
    lecture, memo = windows(20), windows(1)
    calls = beside_a_lecture(lecture, memo)
    assert calls[1][0] is memo[0], "the memo leads as soon as it is there"
    assert calls[1][1] in lecture, "and what is left of the call is the lecture's"
    assert max(at for at, call in enumerate(calls) if memo[0] in call) <= 6, "it leads every other call"


def test_a_turn_that_comes_when_nothing_is_left_is_passed_on() -> None:
    """Another recording's call may end a recording's last stream just before it would lead."""
    model = Model()
    batcher = Batcher(model, 2)
    ended = _Recording([])
    batcher._queue.append(ended)
    batcher._next_call(ended)
    assert model.calls == []


def test_prompts_of_another_length_share_no_call() -> None:
    lecture, memo = windows(4), windows(1, prompt=(1, 2, 3))
    calls = beside_a_lecture(lecture, memo)
    assert all(call == memo for call in calls if memo[0] in call)
    assert calls[1] == memo


def test_who_is_no_longer_wanted_leaves_the_others_to_themselves() -> None:
    lecture, memo = windows(6), windows(1)

    def gone(_: float) -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        beside_a_lecture(lecture, memo, gone)
    assert not memo[0].ended
    assert all(stream.ended for stream in lecture)


SOUNDS = [
    decoded(data)[0] for data in (MEETING.read_bytes(), recording("speech.wav"), recording("speech.mp3"))
] * 2
HINTS = [
    Hints("en", vocabulary)
    for vocabulary in (None, "alice budget", None, None, "report of a long meeting", None)
]


def heard(recognizer: WhisperRecognizer, number: int) -> list[Segment]:
    blocks = cut([SOUNDS[number]], block_seconds=12, search_seconds=3)
    return list(segments_of(Recognition(recognizer, HINTS[number]), blocks))


@pytest.fixture(scope="module")
def alone() -> list[list[Segment]]:
    settings = SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2, batch_size=1)
    recognizer = WhisperRecognizer.load(settings)
    return [heard(recognizer, number) for number in range(len(SOUNDS))]


def noted_calls(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch, name: str, awaited: int = 0
) -> list[int]:
    """Of how many recordings the pieces of each call are, from now on. The first waits until `awaited` are there."""
    calls: list[int] = []
    call = getattr(recognizer._model, name)

    def noted(pieces: Sequence[Piece]) -> None:
        if not calls:
            wait_until(lambda: len(recognizer._batcher._queue) >= awaited)
        calls.append(len({id(piece.features) for piece in pieces}))
        call(pieces)

    monkeypatch.setattr(recognizer._model, name, noted)
    return calls


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("lanes", [1, 4])
def test_what_is_heard_beside_it_changes_nothing_of_a_recording(
    alone: list[list[Segment]], monkeypatch: pytest.MonkeyPatch, batch_size: int, lanes: int
) -> None:
    settings = SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2, batch_size=batch_size)
    recognizer = WhisperRecognizer.load(settings)
    calls = noted_calls(recognizer, monkeypatch, "step")
    with ThreadPoolExecutor(lanes) as threads:
        together = list(threads.map(lambda number: heard(recognizer, number), range(len(SOUNDS))))
    assert together == alone
    assert (max(calls) > 1) == (lanes > 1 and batch_size > 1), "recordings share calls where they can"


class Linguist:
    """Stands in for the lowest part of a model of many languages, and finds English in all that it is asked about."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def detect_language(self, encoded: Any) -> list[list[tuple[str, float]]]:
        return [[("<|en|>", 0.99)] for _ in range(encoded.shape[0])]


def test_recordings_share_the_calls_of_a_model_of_many_languages_too(
    alone: list[list[Segment]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for the language of each window first, and hears what it has encoded for that."""
    settings = SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2, batch_size=8)
    recognizer = WhisperRecognizer.load(settings)
    english = recognizer._model._tokenizer("en")
    monkeypatch.setattr(Whisper, "multilingual", True)
    monkeypatch.setattr(recognizer._model, "_tokenizer", lambda *_: english)
    monkeypatch.setattr(recognizer._model._model, "model", Linguist(recognizer._model._model.model))
    asked = noted_calls(recognizer, monkeypatch, "identify", awaited=len(SOUNDS))
    steps = noted_calls(recognizer, monkeypatch, "step")
    with ThreadPoolExecutor(len(SOUNDS)) as threads:
        together = list(threads.map(lambda number: heard(recognizer, number), range(len(SOUNDS))))
    assert together == alone
    assert asked[0] == 1
    assert asked[1] > 1, "those that waited meanwhile are asked about together"
    assert max(steps) > 1


def test_real_recordings_say_together_what_each_says_alone(
    tiny: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = decoded(SPOKEN[0].read_bytes())[0]
    sounds = [
        made[round(start * RATE) : round(end * RATE)]
        for start, end in ((0, 11), (11, 16), (16, 24), (40, 47))
    ]
    hints = [Hints("en"), Hints("en"), Hints("en"), Hints("en", "release notes")]

    def said(number: int) -> list[Segment]:
        return list(segments_of(Recognition(tiny, hints[number]), cut([sounds[number]])))

    by_themselves = [said(number) for number in range(len(sounds))]
    calls = noted_calls(tiny, monkeypatch, "step", awaited=len(sounds))
    with ThreadPoolExecutor(len(sounds)) as threads:
        assert list(threads.map(said, range(len(sounds)))) == by_themselves
    assert max(calls) > 1
