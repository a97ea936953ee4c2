"""Samples: one-dimensional float32, 16 kHz, mono, within -1 to 1. What every speech model here takes;
and their features, which the model is given.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

RATE = 16_000

Samples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
Features: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]
"""(mel bands, frames); a frame is 10 ms."""
Floats = npt.NDArray[np.float32]
"""Samples of several channels or steps, along the last axis."""

_LAG = 4  # samples


def in_the_band_of_speech(samples: Floats) -> Floats:
    """What swings by 0.5 to 3.5 kHz, without hum, rumble and offsets. Shorter by `_LAG` samples at each end.

    The second difference over `_LAG` samples.
    """
    lively: Floats = samples[..., 2 * _LAG :] - 2 * samples[..., _LAG:-_LAG] + samples[..., : -2 * _LAG]
    return lively
