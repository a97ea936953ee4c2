"""The committed recordings. `make.py` says how they were made."""

from pathlib import Path

import jiwer

FOLDER = Path(__file__).parent
MEETING = FOLDER / "meeting.m4a"
"""25.8 seconds in three voices; `make.py` has the sentences."""
SPEECH = (
    "speech.wav",
    "speech.mp3",
    "speech.m4a",
    "speech.ogg",
    "vorbis.ogg",
    "speech.flac",
    "speech.webm",
    "speech.aac",
    "stereo.wav",
    "telephone.wav",
    "video.mp4",
)
"""All say `REFERENCE`, in 9.6 seconds."""
SPEECH_SECONDS = 9.6
REFERENCE = (FOLDER / "speech.txt").read_text().strip()


def recording(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def repeated(times: int) -> bytes:
    """The wav, said over and over. Its size is left open, as a pipe's is."""
    data = recording("speech.wav")
    start = data.index(b"data")
    return data[: start + 4] + bytes(4) + data[start + 8 :] * times


def word_error_rate(reference: str, heard: str) -> float:
    """The share of words that are wrong; case and punctuation don't count."""

    def plain(text: str) -> str:
        return "".join(letter for letter in text.lower() if letter.isalpha() or letter.isspace())

    return float(jiwer.wer(plain(reference), plain(heard)))
