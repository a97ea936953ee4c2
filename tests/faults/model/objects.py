"""A content store's objects in memory: thousands of short lives would only wear the disk."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from pipeline.content.errors import ContentMissing


class MemoryObjects:
    """`pipeline.content.objects.Objects`, for one thread at a time."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}

    def put(self, path: str, data: bytes) -> None:
        self._objects[path] = (data, datetime.now(UTC))

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        for path, data in objects:
            self.put(path, data)

    def upload(self, path: str) -> "MemoryUpload":
        return MemoryUpload(self, path)

    def room(self, floor: int | None) -> float:  # noqa: ARG002 - memory has no floor
        return math.inf

    def size(self, path: str) -> int:
        return len(self._get(path))

    def read(self, path: str, start: int, end: int) -> bytes:
        return self._get(path)[start:end]

    def delete(self, path: str) -> None:
        self._objects.pop(path, None)

    def delete_under(self, folder: str) -> int:
        gone = [path for path in self._objects if path.startswith(f"{folder}/")]
        for path in gone:
            del self._objects[path]
        return len(gone)

    def newest(self, on_tick: Callable[[], None]) -> Iterator[tuple[str, datetime]]:
        on_tick()
        newest: dict[str, datetime] = {}
        for path, (_, stored) in self._objects.items():
            folder = path.partition("/")[0]
            newest[folder] = max(stored, newest.get(folder, stored))
        yield from newest.items()

    def folders(self) -> set[str]:
        return {path.partition("/")[0] for path in self._objects}

    def _get(self, path: str) -> bytes:
        if path not in self._objects:
            raise ContentMissing
        return self._objects[path][0]


class MemoryUpload:
    def __init__(self, objects: MemoryObjects, path: str) -> None:
        self._objects = objects
        self._path = path
        self._data = bytearray()

    async def write(self, data: bytes) -> None:
        self._data += data

    async def close(self) -> None:
        self._objects.put(self._path, bytes(self._data))

    async def abort(self) -> None:
        self._objects.delete(self._path)
