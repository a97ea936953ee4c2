"""What a row of the matrix is."""

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-backends"  # what `make test-backends` has fetched


class NotReachable(Exception):
    """The server can't be had here; the message says what is missing."""


@dataclass(frozen=True)
class Running:
    """`version`: by its own word. `environment`: what the tests find it by."""

    version: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Backend:
    """`start(folder)`: in an empty folder; raises NotReachable. `tests`: arguments of pytest."""

    name: str
    start: Callable[[Path], AbstractContextManager[Running]]
    tests: tuple[str, ...]
    command: tuple[str, ...] = field(default=("-m", "pytest", "-q"))


def program(name: str, *folders: Path) -> str:
    """Its path. Raises NotReachable."""
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        raise NotReachable(f"{name} isn't installed")
    return found
