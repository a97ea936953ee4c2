"""A model with several workers divides its calls among them, and each piece says what it would say in one call."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.stream import Stream
from pipeline.speech.whisper import Whisper
from tests.speech_model import WORD_MODEL

SECONDS = 10.0  # in which what is to happen at once has happened
NO_FEATURES = np.zeros((80, 0), np.float32)


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    return Whisper.load(SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2), lambda _: None)


def streams(count: int) -> list[Stream]:
    return [Stream(number, 0.0, 1.0, [], (1,), "en", NO_FEATURES) for number in range(count)]


@pytest.mark.parametrize(
    ("device", "threads", "workers"), [("cpu", 1, 1), ("cpu", 2, 2), ("cpu", 8, 2), ("cuda", 8, 1)]
)
def test_a_cpu_of_several_threads_has_two(device: str, threads: int, workers: int) -> None:
    assert SpeechEngineSettings("base", device, threads=threads).workers == workers


def test_both_are_at_work_at_once(whisper: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=SECONDS)
    seen: list[int] = []

    def call(share: Sequence[Stream]) -> None:
        both.wait()
        seen.extend(stream.number for stream in share)

    monkeypatch.setattr(whisper, "_step", call)
    whisper.step(streams(5))
    assert sorted(seen) == list(range(5))


def test_a_single_piece_needs_one(whisper: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    callers: list[int] = []
    monkeypatch.setattr(whisper, "_step", lambda _: callers.append(threading.get_ident()))
    whisper.step(streams(1))
    assert callers == [threading.get_ident()]


def test_what_fails_in_one_is_told_once_the_other_has_ended(
    whisper: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its pieces would be taken into the next call while they are heard."""
    failed = threading.Event()
    ended: list[int] = []

    def call(share: Sequence[Stream]) -> None:
        if share[0].number == 0:
            failed.set()
            raise ZeroDivisionError
        assert failed.wait(SECONDS)
        ended.extend(stream.number for stream in share)

    monkeypatch.setattr(whisper, "_step", call)
    with pytest.raises(ZeroDivisionError):
        whisper.step(streams(4))
    assert ended == [1, 3]
