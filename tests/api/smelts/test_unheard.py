"""Speech in which the model makes out no words is told: on the file, and in its transcript."""

import threading

import httpx
import numpy as np
import pytest

from pipeline.settings import Settings
from pipeline.speech import process
from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.process import SpeechProcess
from pipeline.speech.samples import RATE
from tests.recordings import REFERENCE, SPEECH_SECONDS, word_error_rate
from tests.recordings.samples import wav
from tests.speech_model import WORD_MODEL
from tests.support import deaf_child
from tests.support.decoding import speech
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName
from workers.runner.run import run_next
from workers.services import Services

SILENCE_SECONDS = 20


def test_what_was_not_made_out_is_told_with_its_times(
    ada: httpx.Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_twice = np.concatenate([speech(), np.zeros(SILENCE_SECONDS * RATE, np.float32), speech()])
    files = {"files": ("meeting.wav", wav(said_twice))}
    smelt = ada.post("/v1/smelts", files=files).raise_for_status().json()

    hear_half(settings, monkeypatch)

    smelt = ada.get(f"/v1/smelts/{smelt['id']}").json()
    [file] = smelt["files"]
    assert (smelt["status"], file["status"]) == ("completed", "completed")
    [warning] = file["warnings"]
    assert warning.startswith("No words could be made out where somebody seems to speak: 0:00:30 to 0:00:3")
    at = f"/v1/smelts/{smelt['id']}/files/{file['id']}/transcript"
    transcript = ada.get(at, params={"format": "json"}).raise_for_status().json()
    assert word_error_rate(REFERENCE, transcript["text"]) <= 0.1
    assert transcript["warnings"] == [warning]
    unheard = transcript["unheard"]
    begin = SPEECH_SECONDS + SILENCE_SECONDS
    assert unheard[0]["start"] == pytest.approx(begin + 0.6, abs=0.3)
    assert unheard[-1]["end"] == pytest.approx(begin + 9.0, abs=0.3)
    assert sum(span["end"] - span["start"] for span in unheard) > 5


def hear_half(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a real speech process, but for its ears."""
    monkeypatch.setattr(process, "CHILD", deaf_child.MODULE)
    heard_by = SpeechProcess(
        SpeechEngineSettings(WORD_MODEL, "cpu", "int8", threads=2), settings.need("content_url")
    )
    services = Services.open(settings)
    try:
        assert run_next(
            services, ActorName.TRANSCRIBE_FILE, lambda task: transcribe(task, heard_by), threading.Event()
        )
    finally:
        services.close()
        heard_by.close()
