"""Speak the demo's meeting and write `meeting.m4a` beside this file.

Run by hand when the sentences change: `python -m deploy.demo.record`. Needs Debian's `flite` on the path (made with
2.2, whose voices are Carnegie Mellon University's, free for any use); the demo itself doesn't.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame

ANNA, MARK = "slt", "rms"
"""The speakers, as flite's voices."""

MEETING: tuple[tuple[str, str], ...] = (
    (ANNA, "Good morning, Mark."),
    (ANNA, "Let's talk about the release."),
    (MARK, "The customer asked whether we can ship the new version one week earlier."),
    (ANNA, "Is the design finished?"),
    (MARK, "Yes, and all the tests pass."),
    (MARK, "But the new search is not ready yet."),
    (ANNA, "Then it is decided."),
    (ANNA, "We will release on Thursday, without the search."),
    (MARK, "I will tell the customer today, and I will send them the release notes by Wednesday."),
    (ANNA, "What about the budget?"),
    (MARK, "The new server is more expensive than we planned."),
    (MARK, "We need the approval of the director."),
    (ANNA, "I will ask her on Monday."),
    (ANNA, "Please send me the figures by Friday."),
    (MARK, "David must review the contract before the end of the month."),
    (ANNA, "Does the contract say who pays for the training?"),
    (MARK, "No, that question is still open."),
    (ANNA, "Let's discuss it at the next meeting on Tuesday morning."),
    (MARK, "Agreed."),
    (MARK, "Have a good day."),
    (ANNA, "Goodbye."),
)
"""(speaker, sentence), in the order they are spoken."""

PAUSE_SECONDS = 0.4
RATE = 16_000  # what these voices speak at
BITS_A_SECOND = 32_000

Samples = np.ndarray[tuple[int], np.dtype[np.int16]]


def say(voice: str, sentence: str) -> Samples:
    """One sentence as 16-bit samples at `RATE`."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as spoken:
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", spoken.name], check=True)
        with wave.open(spoken.name) as file:
            return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def conversation(lines: tuple[tuple[str, str], ...]) -> Samples:
    """All lines, with a pause after each."""
    pause = np.zeros(int(PAUSE_SECONDS * RATE), np.int16)
    return np.concatenate([part for voice, sentence in lines for part in (say(voice, sentence), pause)])


def encode(samples: Samples, target: Path) -> None:
    """As AAC, in an m4a whose index comes first."""
    frame = AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
    frame.sample_rate = RATE
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(target, "w", format="ipod", options=options) as output:
        stream = output.add_stream("aac", rate=RATE, layout="mono")
        stream.bit_rate = BITS_A_SECOND
        output.mux([*stream.encode(frame), *stream.encode(None)])


def main() -> None:
    target = Path(__file__).with_name("meeting.m4a")
    samples = conversation(MEETING)
    encode(samples, target)
    print(f"{target.name}: {len(samples) / RATE:.1f} s, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
