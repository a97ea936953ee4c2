"""Where results go: stdout, a file whose ending says the format, or a folder, which takes each by itself.

Looked at before anything is sent: to find out afterwards would cost the work. Nothing is overwritten unless asked.
"""

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path, PurePosixPath

from smelt_client import Misused, Unreachable

STDOUT = "-"
SUBTITLES = (".srt", ".vtt")
OF_PROMPTS = ("", ".md", ".markdown", ".zip", ".json")
OF_TRANSCRIPTS = ("", ".txt", ".md", ".markdown", ".zip", ".srt", ".vtt", ".json")


class Kind(StrEnum):
    STDOUT = "stdout"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Destination:
    kind: Kind
    path: Path
    force: bool

    @classmethod
    def of(cls, output: str | None, *, force: bool = False) -> "Destination":
        """`output`: as it was given; a folder is there already, or ends with a slash. Raises Misused if it can't be
        written to, or would be overwritten.
        """
        if output is None or output == STDOUT:
            return cls(Kind.STDOUT, Path(STDOUT), force)
        path = Path(output)
        kind = Kind.FOLDER if path.is_dir() or output.endswith(os.sep) else Kind.FILE
        destination = cls(kind, path, force)
        destination._check()
        return destination

    @property
    def ending(self) -> str:
        return self.path.suffix.lower() if self.kind is Kind.FILE else ""

    def check_format(self, *, prompts: bool | None) -> None:
        """`prompts`: whether there are any; None: only the service knows. Raises Misused."""
        endings = {True: OF_PROMPTS, False: OF_TRANSCRIPTS, None: OF_TRANSCRIPTS}[prompts]
        if self.ending in endings:
            return
        what = "what prompts give" if prompts else "transcripts"
        known = ", ".join(ending for ending in endings if ending)
        raise Misused(f"{self.path}: {what} can be had as {known}, or in a folder; not as {self.ending}")

    def check_several(self, smelts: int, files: int = 1) -> None:
        """Raises Misused for several of what one file can't hold."""
        if smelts > 1 and self.kind is Kind.FILE:
            raise Misused(
                f"{self.path}: the results of {smelts} smelts go into a folder; end its name with a slash"
            )
        if files > 1 and self.ending in SUBTITLES:
            raise Misused(
                f"{self.path}: {files} files' subtitles go into a folder; end its name with a slash"
            )

    def write(self, results: bytes) -> None:
        """Into the file. Raises Misused if it has come to be there since, OSError."""
        _write_all({self.path: results}, force=self.force)

    def write_archive(self, archive: bytes, below: str = "") -> list[Path]:
        """All that is in a zip, into the folder, or a folder of that name in it. Raises Misused, OSError, and
        Unreachable for what is no archive, or has names that lead out of it: no service sends such.
        """
        try:
            with zipfile.ZipFile(BytesIO(archive)) as opened:
                files = {self._inside(name, below): opened.read(name) for name in opened.namelist()}
        except zipfile.BadZipFile:
            raise Unreachable(detail="what came is no whole archive: does something else answer?") from None
        _write_all(files, force=self.force)
        return list(files)

    def _inside(self, name: str, below: str) -> Path:
        steps = PurePosixPath(name).parts
        if not steps or ".." in steps or any(letter in name for letter in "\\:\0") or name.startswith("/"):
            raise Unreachable(detail=f"the archive that came names a file outside of it: {name!r}")
        return self.path.joinpath(*filter(None, (below, *steps)))

    def _check(self) -> None:
        if self.kind is Kind.FILE and os.path.lexists(self.path):
            _refuse_overwriting([self.path], force=self.force)
            _check_writable(self.path)
        elif self.path.is_dir():
            _check_writable(self.path)
        elif self.path.exists():
            raise Misused(f"{self.path} is no folder")
        elif self.kind is Kind.FILE and not self.path.parent.is_dir():
            raise Misused(f"{self.path}: there is no folder {self.path.parent}")
        else:
            _check_writable(next(parent for parent in self.path.absolute().parents if parent.exists()))


def _check_writable(path: Path) -> None:
    if path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
        raise Misused(f"{path}: no file may be made in this folder")
    if not path.is_dir() and not os.access(path, os.W_OK):
        raise Misused(f"{path} may not be written to")


def _refuse_overwriting(paths: Sequence[Path], *, force: bool) -> None:
    there = [path for path in paths if os.path.lexists(path)]
    if there and not force:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise Misused(f"{there[0]}{more} exists already, and nothing was written; --force overwrites it")


def _write_all(files: Mapping[Path, bytes], *, force: bool) -> None:
    _refuse_overwriting(list(files), force=force)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, data, force=force)


def _write(path: Path, data: bytes, *, force: bool) -> None:
    """Raises OSError with the file's name. What can't be finished, as on a full disk, isn't left there half."""
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(data)
    except OSError as error:
        if not force and not isinstance(error, FileExistsError):
            path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
