"""What the content store needs of a place that holds objects: `pipeline/content/folder.py`,
`pipeline/content/bucket.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol


class Upload(Protocol):
    """One object being written. Its calls follow one another, and are never cancelled half-way."""

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None:
        """Stores the object under its name, whole and durable, or raises."""

    async def abort(self) -> None:
        """Leaves nothing behind, whatever was reached; also right after a `close`."""


class Objects(Protocol):
    """Objects by path, `smelt/name`. All calls raise ContentUnavailable, those that read ContentMissing."""

    def put(self, path: str, data: bytes) -> None:
        """Stores an object, whole and durable, or raises. Replaces an older one of that path."""

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """The same of several objects in one smelt's folder; if it raises, some may be stored."""

    def upload(self, path: str) -> Upload:
        """Begins an object whose size isn't known. Nothing is visible under its path before it is closed."""

    def room(self, floor: int | None) -> float:
        """Bytes that may be stored before less than `floor` are free; None: a floor that fits the place."""

    def size(self, path: str) -> int: ...

    def read(self, path: str, start: int, end: int) -> bytes:
        """Bytes from `start` to `end`, that one excluded."""

    def delete(self, path: str) -> None:
        """Deletes an object if it is there."""

    def delete_under(self, folder: str) -> int:
        """Deletes all of a smelt's objects and their half-written parts; returns how many."""

    def newest(self, on_tick: Callable[[], None]) -> Iterator[tuple[str, datetime]]:
        """Each smelt's folder with the time (UTC) of its newest object, in no order.

        `on_tick` is called again and again while they are looked for, which takes as long as there are objects.
        """
