"""Finds files: all below a folder, and those that a pattern means.

Links to folders may lead in a circle: a walk doesn't follow them.
"""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

HIDDEN, LINK = "hidden", "a link to a folder"
ANY_FOLDERS = "**"


@dataclass(frozen=True, slots=True)
class Skipped:
    path: Path
    reason: str


def all_below(folder: Path, skip: Callable[[Skipped], object]) -> Iterator[Path]:
    """By name. `skip`: is told of folders that aren't looked into."""

    def unreadable(error: OSError) -> None:
        skip(Skipped(Path(error.filename), f"can't be read: {error.strerror}"))

    for root, folders, files in os.walk(folder, onerror=unreadable):
        for hidden in sorted(name for name in folders if name.startswith(".")):
            skip(Skipped(Path(root, hidden), HIDDEN))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for link in (path for name in folders if (path := Path(root, name)).is_symlink()):
            skip(Skipped(link, LINK))
        for name in sorted(files):
            yield Path(root, name)


def matches(pattern: str) -> list[Path]:
    """Files, and folders unless it has a `**`, which stands for any folders. A pattern without magic has none."""
    if not glob.has_magic(pattern):
        return []
    steps = Path(pattern).parts
    if ANY_FOLDERS not in steps:
        return _expanded(pattern)
    walked = steps.index(ANY_FOLDERS)
    start = str(Path(*steps[:walked]))
    return sorted(
        path
        for folder in (_expanded(start) if glob.has_magic(start) else [Path(start)])
        for path in all_below(folder, lambda _: None)
        if _is_meant(path.relative_to(folder).parts, steps[walked:])
    )


def _expanded(pattern: str) -> list[Path]:
    return sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207 - `Path.glob` takes none that begins at the root


def _is_meant(steps: Sequence[str], pattern: Sequence[str]) -> bool:
    """By itself, or by a folder that it is in."""
    return any(_fits(steps[:number], pattern) for number in range(1, len(steps) + 1))


def _fits(steps: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not steps
    if pattern[0] == ANY_FOLDERS:
        return any(_fits(steps[number:], pattern[1:]) for number in range(len(steps) + 1))
    return bool(steps) and fnmatchcase(steps[0], pattern[0]) and _fits(steps[1:], pattern[1:])
