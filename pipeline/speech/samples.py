"""Samples: one-dimensional float32, 16 kHz, mono, within -1 to 1. What every speech model here takes."""

from typing import TypeAlias

import numpy as np

RATE = 16_000

Samples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
