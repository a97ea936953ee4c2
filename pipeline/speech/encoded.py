"""What a speech model's encoder made of one window, in main memory: so it can share later calls with any others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# It ships no types
from ctranslate2 import DataType, Device, StorageView  # type: ignore[import-untyped]

from pipeline.speech.samples import Floats


@dataclass(frozen=True, slots=True)
class Encoded:
    """`values`: (frames of the encoder's output, its size). `dtype`, `device`: how and where the model has them."""

    values: Floats
    dtype: DataType
    device: str


def each_of(output: StorageView) -> list[Encoded]:
    """The windows of one call of the encoder."""
    rows = np.array(output.to_device(Device.cpu).to(DataType.float32))  # NumPy has no bfloat16
    return [Encoded(row, output.dtype, output.device) for row in rows]


def together(windows: Sequence[Encoded]) -> StorageView:
    """For one call of the decoder. All are of one model, and were given as many frames."""
    like = windows[0]
    output = StorageView.from_array(np.stack([each.values for each in windows])).to(like.dtype)
    return output.to_device(getattr(Device, like.device))
