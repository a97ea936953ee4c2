"""Make the recordings beside this file. Run by hand: `python -m tests.recordings.make`; needs espeak-ng and ffmpeg.

The tests use the committed files and need neither program. All sentences are of words that `tests/speech_model` knows.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
# (voice of espeak-ng, sentence), in the order they are spoken
SPOKEN = (
    ("en-us", "Alice will send the budget report by Friday."),
    ("en-us+f2", "Action item two. Bob will review the contract."),
    ("en-us", "The next meeting is on Monday."),
)
SPOKEN_IN_MEETING = (
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
REFERENCE = " ".join(line.lower().replace(".", "") for _, line in SPOKEN)

ENCODINGS: dict[str, tuple[str, ...]] = {
    "speech.wav": ("-ar", "16000", "-c:a", "pcm_s16le"),
    "telephone.wav": ("-ar", "8000", "-c:a", "pcm_mulaw"),
    "stereo.wav": ("-ar", "48000", "-ac", "2", "-c:a", "adpcm_ima_wav"),
    "speech.mp3": ("-c:a", "libmp3lame", "-b:a", "48k"),
    "speech.m4a": ("-c:a", "aac", "-b:a", "48k", "-movflags", "+faststart"),
    "speech.ogg": ("-c:a", "libopus", "-b:a", "24k"),
    "vorbis.ogg": ("-c:a", "libvorbis", "-q:a", "1"),
    "speech.flac": ("-ar", "16000", "-c:a", "flac"),
    "speech.webm": ("-c:a", "libopus", "-b:a", "24k"),
    "speech.aac": ("-c:a", "aac", "-b:a", "48k"),
}

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


def make_speech(source: Path) -> None:
    write_wav(source, conversation(SPOKEN))
    for name, options in ENCODINGS.items():
        encode(source, HERE / name, *options)
    (HERE / "speech.txt").write_text(REFERENCE + "\n")


def make_meeting(source: Path) -> None:
    write_wav(source, conversation(SPOKEN_IN_MEETING))
    encode(source, HERE / "meeting.m4a", *ENCODINGS["speech.m4a"])


def make_videos(source: Path) -> None:
    picture = ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=2:duration=8"]
    video = ["-c:v", "mpeg4", "-b:v", "16k", "-fflags", "+bitexact", "-map_metadata", "-1"]
    subprocess.run([*picture, *video, str(HERE / "video_only.mp4")], check=True)
    sound = ["-i", str(source), "-c:a", "aac", "-b:a", "48k"]
    subprocess.run([*picture, *sound, *video, str(HERE / "video.mp4")], check=True)


def make_broken(source: Path, folder: Path) -> None:
    """A cut m4a whose index stood at the end, silence, and playlists that name other files."""
    whole = folder / "whole.m4a"
    encode(source, whole, "-c:a", "aac", "-b:a", "48k")
    data = whole.read_bytes()
    (HERE / "truncated.m4a").write_bytes(data[: len(data) * 2 // 3])
    write_wav(HERE / "silence.wav", np.zeros(3 * 8_000, np.int16), rate=8_000)
    write_wav(HERE / "no_samples.wav", np.zeros(0, np.int16))
    (HERE / "playlist.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    )
    (HERE / "playlist.ffconcat").write_text("ffconcat version 1.0\nfile '/etc/passwd'\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source.wav"
        make_speech(source)
        make_videos(source)
        make_broken(source, folder)
        make_meeting(folder / "meeting.wav")
    print(sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()), "bytes in all")


if __name__ == "__main__":
    main()
