"""What the speech benchmark hears: one long recording and many short ones, with the words that are said in them.

Made from the demo's meeting, whose voices are synthetic; or from clips of real speech, where the environment variable
SPEECH names a folder of recordings with their words in a `.txt` beside.
"""

import io
import os
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from faster_whisper import decode_audio  # type: ignore[import-untyped]

from deploy.demo.demonstration import MEETING
from deploy.demo.record import MEETING as SPOKEN
from deploy.evaluate.recordings import find_recordings
from deploy.evaluate.references import read_reference
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.transcript import Span

SEED = 7
SHORT_COUNT = 60
CLIP_SECONDS = (2.0, 16.0)  # of a folder's: shorter and longer ones are left out
FOLDER_MINUTES, DEMO_MINUTES = 20, 10  # of the long recording
SILENCE_SECONDS = (0.4, 2.0)  # between its clips
MOST_SENTENCES = 3  # of the meeting, in one short recording

# How the meeting is cut: its pauses last 0.58 s and more, those within a sentence 0.28 s at most
_PAUSE_SECONDS, _QUIET, _FRAME = 0.5, 0.01, RATE // 50
_MARGIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Recording:
    filename: str
    audio: bytes
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Recordings:
    source: str
    long: Recording
    twice_as_long: Recording
    short: Sequence[Recording]


@dataclass(frozen=True, slots=True)
class Clip:
    samples: Samples
    said: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def make_recordings() -> Recordings:
    """The same ones in each run. Raises ValueError: the folder has no clip of a fitting length with its words."""
    folder = os.environ.get("SPEECH")
    return _of_folder(Path(folder).expanduser()) if folder else _of_meeting()


def make_long_recording(minutes: int) -> Recording:
    """Of the same clips. Raises ValueError as make_recordings does."""
    folder = os.environ.get("SPEECH")
    clips = [clip for _, clip in _clips(Path(folder).expanduser())] if folder else _clips_of_meeting()
    return wav_of("long.wav", _put_together(clips, 60.0 * minutes))


def _of_folder(folder: Path) -> Recordings:
    found = list(_clips(folder))
    if not found:
        raise ValueError(
            f"SPEECH={folder}: there is no recording of {CLIP_SECONDS[0]:g} to {CLIP_SECONDS[1]:g} s "
            "with its words in a .txt beside"
        )
    clips = [clip for _, clip in found]
    short = [
        Recording(path.name, path.read_bytes(), clip.said, clip.seconds) for path, clip in found[:SHORT_COUNT]
    ]
    return Recordings(f"{len(clips)} clips", *_long_ones(clips, FOLDER_MINUTES), short)


def _clips(folder: Path) -> Iterator[tuple[Path, Clip]]:
    shortest, longest = CLIP_SECONDS
    for recording in find_recordings(folder):
        if recording.reference is None or recording.reference.suffix != ".txt":
            continue
        samples = decode_audio(str(recording.path), sampling_rate=RATE)
        clip = Clip(samples, read_reference(recording.reference).text)
        if shortest <= clip.seconds <= longest:
            yield recording.path, clip


def _of_meeting() -> Recordings:
    meeting, spans = _meeting()

    def clip(first: int, count: int) -> Clip:
        return _clip_of(meeting, spans, first, count)

    random = Random(SEED)  # noqa: S311 - repeatable, not secret
    counts = [random.randint(1, MOST_SENTENCES) for _ in range(SHORT_COUNT)]
    short = [clip(random.randint(0, len(spans) - count), count) for count in counts]
    return Recordings(
        "the demo's sentences",
        *_long_ones([clip(first, 1) for first in range(len(spans))], DEMO_MINUTES),
        [wav_of(f"{number}.wav", each) for number, each in enumerate(short)],
    )


def _clips_of_meeting() -> list[Clip]:
    meeting, spans = _meeting()
    return [_clip_of(meeting, spans, first, 1) for first in range(len(spans))]


def _meeting() -> tuple[Samples, list[Span]]:
    """And where its sentences are."""
    meeting = decode_audio(str(MEETING[0]), sampling_rate=RATE)
    spans = list(_sentences(meeting))
    if len(spans) != len(SPOKEN):
        raise ValueError(f"{MEETING[0].name} has {len(SPOKEN)} sentences, but was cut into {len(spans)}")
    return meeting, spans


def _clip_of(meeting: Samples, spans: list[Span], first: int, count: int) -> Clip:
    samples = meeting[int(spans[first][0] * RATE) : int(spans[first + count - 1][1] * RATE)]
    return Clip(samples, " ".join(sentence for _, sentence in SPOKEN[first : first + count]))


def _sentences(samples: Samples) -> Iterator[Span]:
    """Where something is said between two long pauses, in seconds, with a margin."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    loud = np.flatnonzero(np.abs(frames).max(axis=1) >= _QUIET)
    after = np.flatnonzero(
        np.diff(loud) * _FRAME > _PAUSE_SECONDS * RATE
    )  # the last loud frames of sentences
    starts, ends = loud[np.r_[0, after + 1]], loud[np.r_[after, len(loud) - 1]] + 1
    for start, end in zip(starts, ends, strict=True):
        yield (
            max(0.0, float(start) * _FRAME / RATE - _MARGIN_SECONDS),
            float(end) * _FRAME / RATE + _MARGIN_SECONDS,
        )


def _long_ones(clips: Sequence[Clip], minutes: int) -> tuple[Recording, Recording]:
    """Of so many minutes, and of twice as many, which begins with the same."""
    first, second = (_put_together(clips, 60.0 * minutes * times) for times in (1, 2))
    return wav_of("long.wav", first), wav_of("twice.wav", second)


def _put_together(clips: Sequence[Clip], seconds: float) -> Clip:
    """Rounds of all clips, each in another order, until it is so long; with silence after each clip."""
    random, length = Random(SEED), 0.0  # noqa: S311 - repeatable, not secret
    clips_left: list[Clip] = []
    parts: list[Samples] = []
    said: list[str] = []
    while length < seconds:
        clips_left = clips_left or random.sample(clips, len(clips))
        clip = clips_left.pop()
        silence = np.zeros(int(random.uniform(*SILENCE_SECONDS) * RATE), np.float32)
        parts += [clip.samples, silence]
        said.append(clip.said)
        length += clip.seconds + len(silence) / RATE
    return Clip(np.concatenate(parts), " ".join(said))


def wav_of(filename: str, clip: Clip) -> Recording:
    """As a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes((np.clip(clip.samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return Recording(filename, file.getvalue(), clip.said, clip.seconds)
