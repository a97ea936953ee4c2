"""Which models translate, told by a name or a folder; and what a translation is, from the job to the transcript."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SmeltError
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer
from pipeline.speech.recognizer import Hints
from pipeline.speech.samples import RATE
from pipeline.speech.stream import Stream
from pipeline.speech.takes import Way
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.translation import translates
from pipeline.speech.whisper import Whisper
from pipeline.speech.window_languages import Spoken
from pipeline.states import ErrorCode, SpeechTask
from tests.speech_model import WORD_MODEL

TRANSLATE = SpeechTask.TRANSLATE
MANY = 51_865


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("base", True),
        ("large-v3", True),
        ("Systran/faster-whisper-medium", True),
        ("tiny.en", False),
        ("Systran/faster-whisper-small.en", False),
        ("large-v3-turbo", False),
        ("turbo", False),
        ("distil-large-v3", False),
        (WORD_MODEL, False),
        ("/srv/on/another/machine/base", None),
        ("/srv/on/another/machine/base.en", False),
    ],
)
def test_a_name_says_whether_a_model_translates(model: str, *, expected: bool | None) -> None:
    assert translates(model) is expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("vocabulary.json", json.dumps(["word"] * MANY), True),
        ("vocabulary.txt", "word\n" * MANY, True),
        ("vocabulary.json", json.dumps(["word"] * (MANY - 1)), False),
        ("vocabulary.json", "[", None),
        ("config.json", "{}", None),
    ],
)
def test_a_folder_says_it_by_its_vocabulary(
    tmp_path: Path, name: str, content: str, *, expected: bool | None
) -> None:
    (tmp_path / name).write_text(content)
    assert translates(str(tmp_path)) is expected


@pytest.fixture(scope="module")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer.load(SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=1, batch_size=1))


def test_a_model_of_english_begins_no_translation(recognizer: WhisperRecognizer) -> None:
    with pytest.raises(SmeltError, match="knows English only, so it can't translate") as caught:
        recognizer.begin(Hints(task=TRANSLATE))
    assert caught.value.code is ErrorCode.TRANSCRIPTION_FAILED


def test_the_task_stands_before_each_decoding(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' model has the words for it, though it never learned to: its prompt is as far as this can be seen."""
    monkeypatch.setattr(Whisper, "multilingual", True)
    model = recognizer._model
    monkeypatch.setattr(model, "_tokenizers", {})
    told = {f"<|{task}|>": model._model.hf_tokenizer.token_to_id(f"<|{task}|>") for task in SpeechTask}
    for task in SpeechTask:
        hearing = recognizer.begin(Hints("en", task=task))
        way = Way(np.zeros(RATE, np.float32), [_window().span], model.features)
        stream = hearing._stream(0, _window(), [], way)
        assert isinstance(stream, Stream)
        assert [name for name, token in told.items() if token in stream.prompt] == [f"<|{task}|>"]


def _window() -> Spoken:
    return Spoken((0.0, 1.0), "en")


def test_a_translation_is_divided_into_words_as_english_is(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Whisper, "multilingual", True)
    model = recognizer._model
    monkeypatch.setattr(model, "_tokenizers", {})
    said = model._tokenizer("en").encode(" hello xylophone")
    assert model._tokenizer("zh", TRANSLATE).split_to_word_tokens(said)[0] == [" hello", " xylophone"]
    assert len(model._tokenizer("zh").split_to_word_tokens(said)[0]) > 2


def test_a_transcript_keeps_its_task_and_says_what_it_is_written_in() -> None:
    spoken = Transcript((Segment(0.0, 1.0, "Hello.", language="de"),), "de", 1.0, task=TRANSLATE)
    assert Transcript.from_json(spoken.to_json()) == spoken
    assert (spoken.language, spoken.written_in) == ("de", "en")
    stored_before = json.loads(Transcript((Segment(0.0, 1.0, "Hallo."),), "de", 1.0).to_json())
    del stored_before["task"]
    assert "language" not in stored_before["segments"][0]
    before = Transcript.from_json(json.dumps(stored_before).encode())
    assert (before.task, before.written_in) == (SpeechTask.TRANSCRIBE, "de")
