"""A recording's bytes, wherever they are: on a disk, in memory, or sealed in the content store."""

from typing import Protocol


class SeekableFile(Protocol):
    """The part of a binary file that decoding needs. `read` gives fewer bytes than asked only at the end."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...
