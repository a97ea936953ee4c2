"""Samples of two bytes that are out of step.

Where a recording lost or gained an odd number of bytes, as raw samples do that are joined in pieces of any length, each
sample from there on is made of halves of two: loud noise. Put in step again, it is sound.
"""

from collections.abc import Callable

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

_ORDERS = {"pcm_s16le": "<i2", "pcm_s16be": ">i2"}
_LOUD = 6_000  # halves of two samples are louder in the mean, unless they are silence
_LOOKED_AT = 17  # every so many samples tell how loud a frame may be: of whichever channel
_QUIET = 100  # halves of quiet samples are this much louder, and no noise
_NOISE, _SOUND = 0.7, 0.35  # what changes from a sample to the next, as a share of what noise does


class Slips:
    """Of one stream, frame by frame. `told` is called at each slip."""

    def __init__(self, codec: str, told: Callable[[], None]) -> None:
        self._order = _ORDERS.get(codec)
        self._told = told
        self._rest = b""  # bytes that the last frame left of a sample

    def mended(self, frame: AudioFrame) -> AudioFrame:
        """The frame itself where nothing is wrong; a slip is noticed with the next frame that has a voice or a tone."""
        if self._order is None:
            return frame
        channels = frame.layout.nb_channels
        samples = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples * channels)
        if not self._rest and not _is_loud(samples[::_LOOKED_AT]):
            return frame
        data = self._rest + samples.astype(self._order).tobytes()
        now, shifted = self._cut(data, channels), self._cut(data[1:], channels)
        if _is_loud(now) and (_is_quiet(shifted) or (_unrest(now) > _NOISE and _unrest(shifted) < _SOUND)):
            data, now = data[1:], shifted
            self._told()
        elif not self._rest:
            return frame
        self._rest = data[now.nbytes :]
        made = AudioFrame.from_ndarray(now.astype(np.int16).reshape(1, -1), "s16", frame.layout.name)
        made.sample_rate = frame.sample_rate
        return made

    def _cut(self, data: bytes, channels: int) -> NDArray[np.int16]:
        """The whole samples at the beginning, a row for each moment."""
        whole = len(data) // (2 * channels) * channels
        return np.frombuffer(data, self._order, whole).reshape(-1, channels)


def _is_loud(samples: NDArray[np.int16]) -> bool:
    return _loudness(samples) > _LOUD


def _is_quiet(samples: NDArray[np.int16]) -> bool:
    """Not where each has the same half: those were made of single bytes."""
    return (
        samples.size > 0 and bool(samples.min() < 0 < samples.max()) and _loudness(samples) < _LOUD / _QUIET
    )


def _loudness(samples: NDArray[np.int16]) -> float:
    return float(np.abs(samples.astype(np.int32)).mean()) if samples.size else 0.0


def _unrest(samples: NDArray[np.int16]) -> float:
    """About 1 for white noise, near 0 for what swings slowly."""
    values = samples.astype(np.float64)
    power = float(values.var(axis=0).sum())
    return float((np.diff(values, axis=0) ** 2).mean(axis=0).sum()) / (2 * power) if power else 0.0
