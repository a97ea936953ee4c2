"""Calls whose channels say tones, and a recognizer that hears each tone as a segment: so what is said is known exactly,
wherever hearing begins.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.speech.audio import Decoder
from pipeline.speech.blocks import Block
from pipeline.speech.channels import SeparateChannels
from pipeline.speech.passage import Before, Passage
from pipeline.speech.recognizer import Hints
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.sniff import MediaType
from pipeline.speech.transcript import Segment, Word
from tests.recordings.samples import wav

Tones = Sequence[tuple[float, float]]
"""When each begins and ends, in seconds."""

_LOUD = 0.02
_PAUSE = RATE // 4  # samples of silence that part two tones


def channel(number: int, tones: Tones, seconds: float) -> Samples:
    """Each channel has a pitch of its own: none says the same as another."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    pitch = np.sin(np.arange(len(samples)) * (300 + 170 * number) * 2 * np.pi / RATE).astype(np.float32)
    for start, end in tones:
        place = slice(round(start * RATE), round(end * RATE))
        samples[place] = 0.3 * pitch[place]
    return samples


def call(seconds: float, *tones: Tones) -> bytes:
    """A WAV with a channel for each."""
    return wav(np.stack([channel(number, said, seconds) for number, said in enumerate(tones)]))


def separate(data: bytes, recognizer: "ToneRecognizer", before: Before) -> SeparateChannels:
    """What hears each channel of this WAV by itself, behind what was heard before."""
    file = io.BytesIO(data)
    return SeparateChannels(
        lambda channel: Decoder(file, MediaType.WAV, 3_600.0, channel), recognizer, Hints(), before
    )


@dataclass
class ToneRecognizer:
    """Implements Recognizer. `passages`: how many tones each has, at most. `heard`: when what begins that it heard."""

    passages: int = 1
    lanes: int = 1
    heard: list[float] = field(default_factory=list)

    def begin(self, _hints: Hints, _before: Before) -> "ToneHearing":
        return ToneHearing(self)


@dataclass
class ToneHearing:
    """Implements Hearing."""

    recognizer: ToneRecognizer
    language: str | None = "en"
    warnings: tuple[str, ...] = ()

    def hear(self, block: Block, report: Callable[[float], None]) -> Iterator[Passage]:
        """Each passage ends in the middle of a pause."""
        tones = list(_tones(block.samples))
        size = self.recognizer.passages
        for at in range(0, len(tones), size):
            said, rest = tones[at : at + size], tones[at + size :]
            end = (said[-1][1] + rest[0][0]) // 2 if rest else len(block.samples)
            report(block.start_seconds + said[0][0] / RATE)
            segments = tuple(self._segment(block, *tone) for tone in said)
            yield Passage(block.start_seconds + end / RATE, segments)
        if not tones:
            yield Passage(block.end_seconds)

    def _segment(self, block: Block, first: int, end: int) -> Segment:
        start, stop = (round(block.start_seconds + at / RATE, 3) for at in (first, end))
        self.recognizer.heard.append(start)
        text = f"from {start} to {stop}"
        return Segment(start, stop, text, (Word(start, stop, f" {text}"),))


def _tones(samples: Samples) -> Iterator[tuple[int, int]]:
    """The first sample of each, and the one behind its last."""
    loud = np.flatnonzero(np.abs(samples) > _LOUD)
    if len(loud):
        cuts = np.flatnonzero(np.diff(loud) > _PAUSE)
        firsts, lasts = loud[[0, *(cuts + 1)]], loud[[*cuts, len(loud) - 1]]
        yield from zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)
