"""cuBLAS and cuDNN out of the wheels of the extra `cuda`: loaded by their paths, which the linker doesn't search.

Written after the wheels' layout (`nvidia/<name>/lib/`); it has not run on a GPU.
"""

import ctypes
from importlib.util import find_spec
from pathlib import Path

_LIBRARIES = (("cublas", "libcublasLt.so.*"), ("cublas", "libcublas.so.*"), ("cudnn", "libcudnn*.so.*"))


def preload() -> None:
    """Does nothing where the wheels aren't installed: the system may have the libraries. Raises OSError."""
    for package, pattern in _LIBRARIES:
        for folder in _folders(package):
            for library in sorted(folder.glob(pattern)):
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def _folders(package: str) -> list[Path]:
    if find_spec("nvidia") is None:
        return []
    found = find_spec(f"nvidia.{package}")
    places = found.submodule_search_locations if found is not None else None
    return [Path(place) / "lib" for place in places or ()]
