"""Objects as files of a local folder that only its owner can read.

Plain files rather than obstore's LocalStore, which makes them readable to all under the usual umask, never
syncs them to the disk, hides half-written ones from its listing, and hangs in a process forked after its
first use.

A file is written under a staging name (`<path>#<digits>`), synced, renamed to its own, and the folders are
synced: so a name always holds a whole object, and an object that `put` or `close` has stored survives a loss
of power. What a killed process leaves is a staging file, which goes with its smelt.
"""

import asyncio
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pipeline.content.errors import ContentMissing, ContentUnavailable

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
MOST_FLOOR = 1_000_000_000  # bytes kept free where nothing else is set


class _Root:
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
        if now is None or (now != self._known and not _names(self.path)):
            raise ContentUnavailable
        self._known = now

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Folder:
    """Objects under `root`. Thread-safe; any number of processes may share it."""

    def __init__(self, root: Path, *, make: bool = True) -> None:
        """`root`: absolute; made with mode 0700 if it isn't there, unless not to `make` it: then it may be away.

        Raises ValueError if others may enter it and it isn't empty (then it may be anyone's),
        ContentUnavailable if it can't be made.
        """
        if not root.is_absolute():
            raise ValueError("the content folder's path must be absolute")
        if make:
            _make_private(root)
        self._root = _Root(root)

    def put(self, path: str, data: bytes) -> None:
        file = _StagedFile(self._root, path)
        try:
            file.write(data)
            file.commit()
        except BaseException:
            file.discard()
            raise

    def upload(self, path: str) -> "FolderUpload":
        return FolderUpload(_StagedFile(self._root, path))

    def room(self, floor: int | None) -> float:
        try:
            disk = os.statvfs(self._root.path)
        except OSError as error:
            raise ContentUnavailable from error
        least = min(MOST_FLOOR, disk.f_blocks * disk.f_frsize // 20) if floor is None else floor
        return disk.f_bavail * disk.f_frsize - least

    def size(self, path: str) -> int:
        with self._root.translated():
            return (self._root.path / path).stat().st_size

    def read(self, path: str, start: int, end: int) -> bytes:
        with self._root.translated(), (self._root.path / path).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def delete(self, path: str) -> None:
        target = self._root.path / path
        self._root.check()
        with self._root.translated():
            target.unlink(missing_ok=True)
            _remove_if_empty(target.parent)

    def delete_under(self, folder: str) -> int:
        target, deleted = self._root.path / folder, 0
        self._root.check()
        with self._root.translated():
            # Again while a writer adds files meanwhile; one that finds its folder gone gives up.
            while target.exists():
                for name in _names(target):
                    (target / name).unlink(missing_ok=True)
                    deleted += 1
                _remove_if_empty(target)
        return deleted

    def newest(self, on_tick: Callable[[], None]) -> Iterator[tuple[str, datetime]]:
        self._root.check()
        with self._root.translated():
            entries = os.scandir(self._root.path)
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for folder in folders:
            on_tick()
            target = self._root.path / folder
            times = [_modified(target / name) for name in _names(target)] or [_modified(target)]
            if known := [time for time in times if time is not None]:
                yield folder, datetime.fromtimestamp(max(known), UTC)


def _make_private(root: Path) -> None:
    try:
        root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if stat.S_IMODE(root.stat().st_mode) & 0o077:
            if any(root.iterdir()):
                raise ValueError("the content folder is open to other users; make it private (chmod 700)")
            root.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise ContentUnavailable from error


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None  # deleted while it was looked at


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


class _StagedFile:
    """A file being written under a staging name. Used by one thread at a time."""

    def __init__(self, root: _Root, path: str) -> None:
        """Raises ContentUnavailable; ContentMissing if the smelt's folder is deleted again and again."""
        self._root = root
        self._final = root.path / path
        self._staging = self._final.with_name(f"{self._final.name}#{secrets.randbelow(10**18)}")
        self._renamed = False
        root.check()
        with self._root.translated():
            self._file = os.fdopen(self._create(), "wb")

    def _create(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._final.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        try:
            return os.open(self._staging, flags, PRIVATE_FILE)
        except FileNotFoundError:
            # The last object of this smelt was deleted just now, and the empty folder with it.
            self._final.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            return os.open(self._staging, flags, PRIVATE_FILE)

    def write(self, data: bytes) -> None:
        with self._root.translated():
            self._file.write(data)

    def commit(self) -> None:
        """Raises ContentMissing if the smelt was deleted meanwhile."""
        with self._root.translated():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._staging.rename(self._final)
            self._renamed = True
            _sync_folder(self._final.parent)
            _sync_folder(self._root.path)

    def discard(self) -> None:
        with self._root.translated():
            self._staging.unlink(missing_ok=True)
            if self._renamed:
                self._final.unlink(missing_ok=True)
            _remove_if_empty(self._final.parent)
        self._file.raw.close()  # what is still buffered is of no use


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FolderUpload:
    """An upload into a folder, its slow calls in threads so that the event loop goes on."""

    def __init__(self, file: _StagedFile) -> None:
        self._file = file

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._file.write, data)

    async def close(self) -> None:
        await asyncio.to_thread(self._file.commit)

    async def abort(self) -> None:
        await asyncio.to_thread(self._file.discard)
