"""A file of the content folder on its way to its name, and the folder's root, which may be gone."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.content.errors import ContentMissing, ContentUnavailable

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class Root:
    """The folder that holds everything, and whether it is there: one that was moved or unmounted is no empty store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = self._identity()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What the system says, in the words of content errors."""
        try:
            yield
        except FileNotFoundError as error:
            self.check()
            raise ContentMissing from error
        except OSError as error:
            raise ContentUnavailable from error

    def check(self) -> None:
        """Raises ContentUnavailable if the folder is gone, or an empty one is in its place: a bare mount point.

        So a store that is replaced by an empty one takes a restart.
        """
        now = self._identity()
        if now is None or (now != self._known and not names_in(self.path)):
            raise ContentUnavailable
        self._known = now

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class StagedFile:
    """A file being written under a staging name. Used by one thread at a time."""

    def __init__(self, root: Root, path: str) -> None:
        """Raises ContentUnavailable; ContentMissing if the smelt's folder is deleted again and again."""
        self._root = root
        self._final = root.path / path
        self._staging = self._final.with_name(f"{self._final.name}#{secrets.randbelow(10**18)}")
        self._renamed = False
        self.made_folder = False
        root.check()
        with self._root.translated():
            self._file = os.fdopen(self._create(), "wb", buffering=0)

    def _create(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with suppress(
            FileNotFoundError
        ):  # or the last object of this smelt is deleted just now, and its folder too
            return os.open(self._staging, flags, PRIVATE_FILE)
        with suppress(FileNotFoundError):
            self._make_folder()
            return os.open(self._staging, flags, PRIVATE_FILE)
        self._make_folder()
        return os.open(self._staging, flags, PRIVATE_FILE)

    def _make_folder(self) -> None:
        with suppress(FileExistsError):
            self._final.parent.mkdir(mode=PRIVATE_FOLDER)
            self.made_folder = True

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        with self._root.translated():
            while left:  # a disk that is nearly full takes a part first
                left = left[self._file.write(left) :]

    def commit(self) -> None:
        """Raises ContentMissing if the smelt was deleted meanwhile."""
        self.name()
        self.syncnames_in(is_new=self.made_folder)

    def name(self) -> None:
        """Its content is on the disk, under its own name; the name is there once the folder is. Raises as `commit`."""
        with self._root.translated():
            os.fsync(self._file.fileno())
            self._file.close()
            self._staging.rename(self._final)
            self._renamed = True

    def syncnames_in(self, *, is_new: bool) -> None:
        """Of all files in the folder. `is_new`: the folder's own name too; else who made it has done so, or will before
        the smelt is anybody's. Raises as `commit`.
        """
        with self._root.translated():
            sync_folder(self._final.parent)
            if is_new:
                sync_folder(self._root.path)

    def discard(self) -> None:
        with self._root.translated():
            self._staging.unlink(missing_ok=True)
            if self._renamed:
                self._final.unlink(missing_ok=True)
            remove_if_empty(self._final.parent)
        self._file.close()


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def names_in(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
