"""A range of a recording's bytes as a file of its own, behind a header if need be."""

import re

from pipeline.speech.seekable import SeekableFile

_BLOCK_BYTES = 1 << 20
_LONGEST_MATCH = 64  # bytes; what `find` looks for must not be longer


class Window:
    """`prefix`, then the bytes from `start` to `end` of `file`. Read-only; memory as `file`'s."""

    def __init__(self, file: SeekableFile, start: int, end: int, prefix: bytes = b"") -> None:
        self._file = file
        self._start = start
        self._prefix = prefix
        self._position = 0
        self.size = len(prefix) + max(0, end - start)

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self.size - self._position)
        wanted = left if size < 0 else min(size, left)
        data = self._prefix[self._position : self._position + wanted]
        if len(data) < wanted:
            self._file.seek(self._start + self._position + len(data) - len(self._prefix))
            data += self._file.read(wanted - len(data))
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
