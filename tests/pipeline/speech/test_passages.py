"""A recording is heard passage by passage, and whoever takes it up goes on behind the last that is there."""

import io
import itertools

import pytest

from pipeline.speech import hearing
from pipeline.speech.audio import decode
from pipeline.speech.blocks import cut
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer, in_passages
from pipeline.speech.languages import LanguageStretch
from pipeline.speech.passage import (
    Before,
    HeardChannel,
    Passage,
    before_from_json,
    before_to_json,
    passage_from_json,
    passage_to_json,
    passages_from_bytes,
    passages_to_bytes,
)
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.sniff import MediaType
from pipeline.speech.transcript import Segment, Word
from pipeline.speech.window_languages import Spoken
from tests.recordings import REFERENCE, SPEECH_SECONDS, recording, word_error_rate
from tests.speech_model import WORD_MODEL

TIMES = 6  # that the recording is said
SAID = " ".join([REFERENCE] * TIMES)
PASSAGES = [
    Passage(
        4.0,
        (Segment(0.5, 2.0, "Ann speaks.", (Word(0.5, 1.0, " Ann"), Word(1.0, 2.0, " speaks."))),),
        ((2.5, 3.5),),
        (LanguageStretch(0.0, 4.0, "en", "en"),),
    ),
    Passage(9.0, (), (), (LanguageStretch(0.0, 4.0, "en", "en"), LanguageStretch(4.0, 9.0, "de", "en"))),
]


@pytest.fixture(scope="module")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer.load(
        SpeechEngineSettings(WORD_MODEL, device="cpu", compute_type="int8", threads=2)
    )


@pytest.fixture
def short_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "PASSAGE_SECONDS", 15.0)


def samples() -> list[Samples]:
    return [*decode(io.BytesIO(recording("speech.wav")), MediaType.WAV, 60.0)] * TIMES


def passages(recognizer: WhisperRecognizer, before: Before) -> tuple[list[Passage], Recognition]:
    recognition = Recognition(recognizer, Hints(), before)
    blocks = cut(samples(), block_seconds=40, search_seconds=5, start_seconds=before.end)
    return list(recognition.passages(blocks)), recognition


def text(heard: list[Passage]) -> str:
    return " ".join(segment.text for passage in heard for segment in passage.segments)


@pytest.mark.usefixtures("short_passages")
def test_passages_follow_one_another_and_each_is_done_when_it_is_told(recognizer: WhisperRecognizer) -> None:
    heard, recognition = passages(recognizer, Before())
    ends = [0.0, *(passage.end for passage in heard)]
    assert ends == sorted(set(ends))
    assert max(end - start for start, end in itertools.pairwise(ends)) <= 20.0
    assert ends[-1] == pytest.approx(TIMES * SPEECH_SECONDS, abs=0.5) == recognition.done_seconds
    for start, passage in zip(ends, heard, strict=False):
        times = [time for segment in passage.segments for time in (segment.start, segment.end)]
        assert times == sorted(times)
        assert all(start <= time <= passage.end for time in times)
    assert word_error_rate(SAID, text(heard)) <= 0.05


@pytest.mark.usefixtures("short_passages")
@pytest.mark.parametrize("count", [1, 3])
def test_who_takes_a_recording_up_hears_the_rest_and_no_more(
    recognizer: WhisperRecognizer, count: int
) -> None:
    whole, _ = passages(recognizer, Before())
    first = whole[:count]
    rest, recognition = passages(recognizer, Before.of(first))
    assert rest[0].end > first[-1].end
    assert all(segment.start >= first[-1].end for passage in rest for segment in passage.segments)
    assert recognition.done_seconds == pytest.approx(whole[-1].end, abs=0.001)
    assert recognition.language == "en"
    assert word_error_rate(SAID, text([*first, *rest])) <= 0.05


def test_behind_the_whole_recording_there_is_nothing_to_hear(recognizer: WhisperRecognizer) -> None:
    """As when a worker is killed between its last words and the record of its transcript."""
    whole, _ = passages(recognizer, Before())
    rest, recognition = passages(recognizer, Before.of(whole))
    assert rest == []
    assert recognition.done_seconds == whole[-1].end


def windows(*ends: float) -> list[Spoken]:
    return [Spoken((end - 25.0, end), "en") for end in ends]


@pytest.mark.parametrize(
    ("ends", "sizes"),
    [
        ((), []),
        ((30.0,), [1]),
        (tuple(range(30, 151, 30)), [5]),
        (tuple(range(88, 269, 30)), [4, 3]),
        (tuple(range(30, 301, 30)), [5, 5]),
    ],
)
def test_windows_are_put_together_into_passages(ends: tuple[float, ...], sizes: list[int]) -> None:
    assert [len(part) for part in in_passages(windows(*ends))] == sizes


def test_passages_are_the_same_after_they_were_stored() -> None:
    assert passages_from_bytes(passages_to_bytes(PASSAGES)) == PASSAGES
    before = Before.of(PASSAGES)
    assert before == Before(9.0, words=True, unheard=((2.5, 3.5),), languages=PASSAGES[1].languages)
    assert before_from_json(before_to_json(before)) == before
    assert Before.of([]) == Before()


def test_what_is_known_of_channels_is_the_same_after_it_was_stored() -> None:
    """And of what was kept before there was any of it, nothing is known."""
    before = Before(4.0, words=True, unheard=((2.5, 3.5),), languages=PASSAGES[1].languages)
    heard = (HeardChannel(before, "S2", 1.5, PASSAGES[0].segments), HeardChannel())
    passage = Passage(4.0, channels=heard)
    assert passages_from_bytes(passages_to_bytes([passage])) == [passage]
    assert before_from_json(before_to_json(Before.of([passage]))).channels == heard
    raw = passage_to_json(PASSAGES[0])
    del raw["channels"]
    assert passage_from_json(raw) == PASSAGES[0]


def test_blocks_begin_where_they_are_to() -> None:
    whole = [*cut(samples(), block_seconds=20, search_seconds=5)]
    at = whole[1].end_seconds
    rest = [*cut(samples(), block_seconds=20, search_seconds=5, start_seconds=at)]
    assert rest[0].start_seconds == pytest.approx(at)
    assert (rest[0].samples == whole[2].samples).all()
    assert rest[-1].end_seconds == whole[-1].end_seconds
    assert sum(len(block.samples) for block in rest) == round((whole[-1].end_seconds - at) * RATE)
