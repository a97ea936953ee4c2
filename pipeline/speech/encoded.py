"""What a speech model's encoder made of windows that it was given together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# It ships no types
from ctranslate2 import DataType, Device, StorageView  # type: ignore[import-untyped]

from pipeline.speech.transcript import Span


@dataclass(frozen=True, slots=True)
class Encoded:
    """`output` has a row for each of `windows`."""

    output: StorageView
    windows: tuple[Span, ...]

    def only(self, rows: Sequence[int]) -> "Encoded":
        """These windows alone, at least one, in order."""
        if len(rows) == len(self.windows):
            return self
        windows = tuple(self.windows[row] for row in rows)
        of_all = np.array(self.output.to_device(Device.cpu).to(DataType.float32))  # NumPy has no bfloat16
        output = StorageView.from_array(of_all[list(rows)]).to(self.output.dtype)
        return Encoded(output.to_device(getattr(Device, self.output.device)), windows)
