"""Make the recordings beside this file. Run by hand: `python -m tests.recordings.make`; needs espeak-ng and ffmpeg.

The tests use the committed files and need neither program.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from deploy.demo.record import conversation, encode, write_wav

HERE = Path(__file__).parent
SPOKEN = (
    ("en-us", "Alice will send the budget report by Friday."),
    ("en-us+f2", "Action item two. Bob will review the contract."),
    ("en-us", "The next meeting is on Monday."),
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


def make_speech(source: Path) -> None:
    write_wav(source, conversation(SPOKEN))
    for name, options in ENCODINGS.items():
        encode(source, HERE / name, *options)
    (HERE / "speech.txt").write_text(REFERENCE + "\n")


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
    print(sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()), "bytes in all")


if __name__ == "__main__":
    main()
