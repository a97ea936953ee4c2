"""Objects as files of a local folder that only its owner can read.

Plain files rather than obstore's LocalStore, which makes them readable to all under the usual umask, never
syncs them to the disk, hides half-written ones from its listing, and hangs in a process forked after its
first use.

A file is written under a staging name (`<path>#<digits>`), synced, renamed to its own, and the folders are
synced (the root only with a new folder in it): so a name always holds a whole object, and an object that `put` or
`close` has stored survives a loss of power. What a killed process leaves is a staging file, which goes with its smelt.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.content.errors import ContentUnavailable
from pipeline.content.staged_file import PRIVATE_FOLDER, Root, StagedFile, names_in, remove_if_empty
from pipeline.content.unrelated_folders import spread_subfolders

MOST_FLOOR = 1_000_000_000  # bytes kept free where nothing else is set


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
            spread_subfolders(root)
        self._root = Root(root)

    def put(self, path: str, data: bytes) -> None:
        self.put_all([(path, data)])

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        files: list[StagedFile] = []
        try:
            for path, data in objects:
                files.append(file := StagedFile(self._root, path))
                file.write(data)
                file.name()
            files[-1].syncnames_in(is_new=any(file.made_folder for file in files))
        except BaseException:
            for file in files:
                file.discard()
            raise

    def upload(self, path: str) -> "FolderUpload":
        return FolderUpload(StagedFile(self._root, path))

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
            remove_if_empty(target.parent)

    def delete_under(self, folder: str) -> int:
        target, deleted = self._root.path / folder, 0
        self._root.check()
        with self._root.translated():
            # Again while a writer adds files meanwhile; one that finds its folder gone gives up.
            while target.exists():
                for name in names_in(target):
                    (target / name).unlink(missing_ok=True)
                    deleted += 1
                remove_if_empty(target)
        return deleted

    def newest(self, on_tick: Callable[[], None]) -> Iterator[tuple[str, datetime]]:
        self._root.check()
        with self._root.translated():
            entries = os.scandir(self._root.path)
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for folder in folders:
            on_tick()
            target = self._root.path / folder
            times = [_modified(target / name) for name in names_in(target)] or [_modified(target)]
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


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None  # deleted while it was looked at


class FolderUpload:
    """An upload into a folder, its slow calls in threads so that the event loop goes on."""

    def __init__(self, file: StagedFile) -> None:
        self._file = file

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._file.write, data)

    async def close(self) -> None:
        await asyncio.to_thread(self._file.commit)

    async def abort(self) -> None:
        await asyncio.to_thread(self._file.discard)
