"""A range of a recording's bytes as a file of its own, behind a header if need be."""

import re

from pipeline.speech.seekable import SeekableFile

_BLOCK_BYTES = 1 << 20
_LONGEST_MATCH = 64  # bytes; what `find` looks for must not be longer


class Window:
    """`prefix`, then the bytes from `start` to `end` of `file`, then `suffix`. Read-only; memory as `file`'s."""

    def __init__(
        self, file: SeekableFile, start: int, end: int, prefix: bytes = b"", suffix: bytes = b""
    ) -> None:
        self._file = file
        self._start = start
        self._prefix = prefix
        self._suffix = suffix
        self._position = 0
        self._there = len(prefix) + max(0, end - start)
        self.size = self._there + len(suffix)

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self.size - self._position)
        wanted = left if size < 0 else min(size, left)
        data = self._prefix[self._position : self._position + wanted]
        at = self._position + len(data)
        if len(data) < wanted and at < self._there:
            self._file.seek(self._start + at - len(self._prefix))
            data += self._file.read(min(wanted - len(data), self._there - at))
            at = self._position + len(data)
        if len(data) < wanted:
            data += self._suffix[at - self._there : at - self._there + wanted - len(data)]
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Raises ValueError before the start, as files do."""
        base = (0, self._position, self.size)[whence]
        if base + offset < 0:
            raise ValueError("seek before the start")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position


def read_at(file: SeekableFile, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def size_of(file: SeekableFile) -> int:
    return file.seek(0, 2)


def find(file: SeekableFile, pattern: re.Pattern[bytes], start: int, end: int) -> int | None:
    """Where `pattern` first matches between `start` and `end`. Reads the file block by block."""
    at = start
    while at < end:
        block = read_at(file, at, min(_BLOCK_BYTES + _LONGEST_MATCH, end - at))
        match = pattern.search(block)
        if match:
            return at + match.start()
        at += _BLOCK_BYTES
    return None
