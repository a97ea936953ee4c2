"""Which files are meant: those that are named, all below a folder, and what a pattern finds that the shell left.

What somebody named has to be taken, or nothing is. What was only found may be no input at all: hidden, empty, or by
its first bytes of a kind that nobody could mistake for a recording or a text. It is skipped, and listed. In doubt it is
sent: the service decides by the content (`deploy/client/submission.py`).
"""

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path

from deploy.client.finding import HIDDEN, Skipped, all_below, matches
from smelt_client import Misused

Input = Path | str  # a file, or a text from stdin
STDIN = "-"
EMPTY = "empty"
_STARTS = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (b"\x1f\x8b", "an archive"),
    (b"\xfd7zXZ\x00", "an archive"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"Rar!\x1a\x07", "an archive"),
    (b"\x89PNG\r\n\x1a\n", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
)


@dataclass(slots=True)
class Selection:
    """`inputs`: in the order to be sent. `found`: those of them that nobody named."""

    inputs: list[Input] = field(default_factory=list)
    found: set[Path] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)

    def add_found(self, path: Path) -> None:
        if path in self.found:
            return
        reason = why_not(path)
        if reason is None:
            self.inputs.append(path)
            self.found.add(path)
        else:
            self.skipped.append(Skipped(path, reason))


def select(names: Sequence[str], read_stdin: Callable[[], str]) -> Selection:
    """`names`: files, folders, patterns, or `-`. Raises Misused for what isn't there, and if nothing is left."""
    selection = Selection()
    for name in names:
        path = Path(name)
        if name == STDIN:
            selection.inputs.append(read_stdin())
        elif path.is_dir():
            add_below(selection, path)
        elif path.exists():
            selection.inputs.append(path)
        else:
            _add_matches(selection, name)
    if not selection.inputs:
        raise Misused(f"there is nothing to send: {_summary(selection.skipped) or 'the folder is empty'}")
    return selection


def why_not(path: Path) -> str | None:
    """Why a file that nobody named is no input; None: it may be one."""
    if path.name.startswith("."):
        return HIDDEN
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "no file"
        if status.st_size == 0:
            return EMPTY
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return next((kind for start, kind in _STARTS if head.startswith(start)), None)


def add_below(selection: Selection, folder: Path) -> None:
    for path in all_below(folder, selection.skipped.append):
        selection.add_found(path)


def _add_matches(selection: Selection, name: str) -> None:
    """Of a pattern that was quoted, or that the shell found nothing for; `**` is any folder below."""
    found = matches(name)
    if not found:
        nothing = "no file is meant by it" if has_magic(name) else "there is no such file"
        raise Misused(f"{name} can't be read: {nothing}")
    for match in found:
        if match.is_dir():
            add_below(selection, match)
        else:
            selection.add_found(match)


def _summary(skipped: Sequence[Skipped]) -> str:
    return ", ".join(f"{each.path} is skipped ({each.reason})" for each in skipped[:3]) + (
        f", and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    )


def size_of(item: Input) -> int:
    """Bytes, as far as can be told before it is read."""
    return len(item.encode()) if isinstance(item, str) else item.stat().st_size


def names_of(inputs: Sequence[Input]) -> Iterator[str]:
    return ("text from stdin" if isinstance(item, str) else str(item) for item in inputs)
