"""Decoded frames to samples: 16 kHz, one channel."""

from collections.abc import Iterator, Sequence

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from pipeline.errors import SmeltError
from pipeline.speech.mixing import Mixer
from pipeline.speech.one_channel import OneChannel
from pipeline.speech.samples import RATE, Samples
from pipeline.speech.wave_format import LEAST_RATE, MOST_CHANNELS, MOST_RATE
from pipeline.states import ErrorCode

_PIECE = RATE // 2  # samples; half a second at once costs less than frame by frame


class Resampler:
    """FFmpeg's resampler and a mixer, made anew when a stream changes its rate or layout on the way.

    `channel`: the only one that is heard, counted from 0; None: all of them mixed.
    """

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._format: tuple[str, str, int] | None = None
        self._engine, self._mixer = _engine(), self._made_mixer()

    def feed(self, frame: AudioFrame) -> Iterator[Samples]:
        """Raises SmeltError UNSUPPORTED_CODEC for too many channels, too few or too many samples a second, or places of
        loudspeakers that FFmpeg knows no names of.
        """
        if frame.layout.nb_channels > MOST_CHANNELS or not LEAST_RATE <= frame.sample_rate <= MOST_RATE:
            raise SmeltError(ErrorCode.UNSUPPORTED_CODEC)
        format_ = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._format not in (None, format_):
            yield from self.flush()
        self._format = format_
        frame.pts = None  # stamps with gaps would make the resampler stretch sound; gaps are filled elsewhere
        for done in self._resampled(frame):
            yield self._mixer.feed(_channels(done))

    def flush(self) -> Iterator[Samples]:
        """The rest of what was fed. What is fed afterwards begins anew."""
        # A resampler with nothing to do hands back the end mark itself
        for done in self._engine.resample(None):
            if done is not None:
                yield self._mixer.feed(_channels(done))
        yield self._mixer.flush()
        self._engine, self._mixer, self._format = _engine(), self._made_mixer(), None

    def _resampled(self, frame: AudioFrame) -> Sequence[AudioFrame]:
        try:
            return self._engine.resample(frame)
        except ValueError as error:  # FFmpeg's for an argument that its filters refuse is one too
            raise SmeltError(ErrorCode.UNSUPPORTED_CODEC) from error

    def _made_mixer(self) -> Mixer | OneChannel:
        return Mixer() if self._channel is None else OneChannel(self._channel)


def _engine() -> AudioResampler:
    # Packed, not planar: PyAV reads past the end of a planar frame's pointers where there are more than eight channels
    return AudioResampler(format="flt", rate=RATE, frame_size=_PIECE)


def _channels(frame: AudioFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    packed = np.asarray(frame.to_ndarray(), np.float32)
    return np.ascontiguousarray(packed.reshape(-1, frame.layout.nb_channels).T)
