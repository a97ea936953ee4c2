"""A real speech model, loaded once for all modules that hear with it."""

import pytest

from pipeline.speech.engine_settings import SpeechEngineSettings
from pipeline.speech.hearing import WhisperRecognizer


@pytest.fixture(scope="session")
def tiny() -> WhisperRecognizer:
    """Whisper tiny.en, from its package."""
    return WhisperRecognizer.load(
        SpeechEngineSettings("tiny.en", device="cpu", compute_type="int8", threads=2)
    )
