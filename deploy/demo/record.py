"""Speak the demo's meeting and write `meeting.m4a` beside this file.

Run by hand when the sentences change: `python -m deploy.demo.record`. Needs `espeak-ng` and `ffmpeg` on the path;
the demo itself needs neither. The sentences use only words that the bundled speech model knows.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

MEETING: tuple[tuple[str, str], ...] = (
    ("en-us", "The next meeting is on Monday."),
    ("en-us+f2", "Alice will send the budget report by Friday."),
    ("en-us+m3", "We need the contract by Wednesday."),
    ("en-us", "Action item two. Bob will review the contract."),
    ("en-us+f2", "Carol and David will finish the design."),
    ("en-us+m3", "The release deadline is Thursday."),
    ("en-us", "The team agreed."),
    ("en-us+f2", "Please send the invoice report by Tuesday."),
    ("en-us", "We will start the project next week."),
    ("en-us+m3", "Okay thanks."),
)
"""(voice of espeak-ng, sentence), in the order they are spoken."""

WORDS_A_MINUTE = 165
PAUSE_SECONDS = 0.6
RATE = 22_050  # what espeak-ng speaks at
_AUDIBLE = 300  # of 32,768; espeak-ng pads each sentence with silence


def say(voice: str, sentence: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """One sentence as 16-bit samples at `RATE`, without the silence around it."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as spoken:
        speak = ["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "-w", spoken.name, sentence]
        subprocess.run(speak, check=True)
        with wave.open(spoken.name) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > _AUDIBLE)
    return samples[audible[0] : audible[-1] + 1]


def conversation(lines: tuple[tuple[str, str], ...]) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """All lines with a pause before each and after the last."""
    pause = np.zeros(int(PAUSE_SECONDS * RATE), np.int16)
    parts = [part for voice, sentence in lines for part in (pause, say(voice, sentence))]
    return np.concatenate([*parts, pause])


def write_wav(path: Path, samples: np.ndarray[tuple[int], np.dtype[np.int16]], rate: int = RATE) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def encode(source: Path, target: Path, *options: str) -> None:
    """Encode with ffmpeg, in the format that the target's name says and without metadata that changes."""
    start = ["ffmpeg", "-y", "-v", "error", "-i", str(source), "-map_metadata", "-1"]
    subprocess.run(
        [*start, *options, "-fflags", "+bitexact", "-flags:a", "+bitexact", str(target)], check=True
    )


def main() -> None:
    target = Path(__file__).with_name("meeting.m4a")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "meeting.wav"
        write_wav(source, conversation(MEETING))
        encode(source, target, "-c:a", "aac", "-b:a", "48k", "-movflags", "+faststart")
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
