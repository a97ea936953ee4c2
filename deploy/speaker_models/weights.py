"""Weights as PyTorch stores them: a zip of a pickle, which names arrays, and of their numbers. Read without PyTorch.

Source: the description of the format in PyTorch's `torch/serialization.py`. A pickle can run code: this one may make
dictionaries and arrays, and whatever else it names becomes nothing.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_STORAGES: dict[str, type[np.generic]] = {"FloatStorage": np.float32, "LongStorage": np.int64}


def read_weights(file: BinaryIO) -> dict[str, Array]:
    """By their names in the network. Raises ValueError where that isn't what the file holds."""
    try:
        with zipfile.ZipFile(file) as archive:
            found = _Reader(archive).load()
    except (zipfile.BadZipFile, pickle.UnpicklingError, StopIteration, KeyError) as error:
        raise ValueError(f"no weights as PyTorch stores them: {error}") from error
    weights = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    arrays = {name: array for name, array in weights.items() if isinstance(array, np.ndarray)}
    if not arrays:
        raise ValueError("no weights are in it")
    return arrays


class _Reader(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile) -> None:
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        super().__init__(BytesIO(archive.read(pickled)))
        self._archive = archive
        self._folder = pickled.removesuffix("data.pkl")

    def find_class(self, module: str, name: str) -> Any:
        if module == "collections" and name == "OrderedDict":
            return OrderedDict
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return _array
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        return type(name, (_Nothing,), {})

    def persistent_load(self, pid: Any) -> npt.NDArray[Any]:
        _, kind, name, *_ = pid
        return np.frombuffer(self._archive.read(f"{self._folder}data/{name}"), kind)


class _Nothing:
    """What the pickle names besides: how the network was trained."""

    def __new__(cls, *_: object, **__: object) -> "_Nothing":
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def _array(
    storage: npt.NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> npt.NDArray[Any]:
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min((*size, 1)) < 1 or min((*stride, 0)) < 0 or not 0 <= offset <= last < len(storage):
        raise pickle.UnpicklingError("an array goes beyond its numbers")
    return np.lib.stride_tricks.as_strided(
        storage[offset:], size, [step * storage.itemsize for step in stride], writeable=False
    )
