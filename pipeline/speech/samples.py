"""Samples: one-dimensional float32, 16 kHz, mono, within -1 to 1. What every speech model here takes;
and their features, which the model is given.
"""

from typing import TypeAlias

import numpy as np

RATE = 16_000

Samples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
Features: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]
"""(mel bands, frames); a frame is 10 ms."""
