"""The speech model that most tests run on: it knows 66 words, and is exact and fast. Its README has the rest."""

from pathlib import Path

WORD_MODEL = str(Path(__file__).parent)
"""Its folder, as `whisper_model` takes it."""
