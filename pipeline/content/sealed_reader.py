"""Random access to a sealed object: a seekable file whose content is fetched and opened block by block."""

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.content.errors import ContentTampered
from pipeline.content.sealing import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SEALED_CHUNK_BYTES,
    ChunkCipher,
    chunk_count,
    plain_size,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNKS_PER_BLOCK = 16
BLOCK_BYTES = CHUNKS_PER_BLOCK * CHUNK_BYTES  # 1 MiB: what one request fetches
CACHED_BLOCKS = 4  # a container's head and tail, and where reading is


class SealedReader(io.RawIOBase):
    """A read-only, seekable binary file over a sealed object. Not for use by two threads at once.

    Memory: at most four blocks of 1 MiB, or `cached_blocks` of them, and one being opened. The last chunk is opened at
    once, so an object that was cut or extended is refused before anything is read; every other chunk is checked when
    it is read.
    `read(n)` returns fewer than `n` bytes only at the end.
    """

    def __init__(
        self,
        read_range: Callable[[int, int], bytes],
        sealed_size: int,
        key: bytes,
        context: bytes,
        cached_blocks: int = CACHED_BLOCKS,
    ) -> None:
        """`read_range(start, end)` returns those sealed bytes, `end` excluded; `sealed_size` is the object's.

        Raises ContentTampered, and whatever `read_range` raises, here and while reading.
        """
        super().__init__()
        self._read_range = read_range
        self._sealed_size = sealed_size
        self._chunks = chunk_count(sealed_size)
        self.size = plain_size(sealed_size)
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._cached_blocks = cached_blocks
        self._cipher = ChunkCipher(key, self._fetch(0, HEADER_BYTES), context)
        self._block((self._chunks - 1) // CHUNKS_PER_BLOCK)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves to a byte of the content; past the end is allowed, before the start is a ValueError."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}.get(whence)
        if base is None:
            raise ValueError(f"whence {whence} is not 0, 1 or 2")
        if base + offset < 0:
            raise ValueError("seek before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        target = memoryview(buffer).cast("B")
        wanted = max(0, min(len(target), self.size - self._position))
        done = 0
        while done < wanted:
            number, start = divmod(self._position, BLOCK_BYTES)
            part = memoryview(self._block(number))[start : start + wanted - done]
            target[done : done + len(part)] = part
            done += len(part)
            self._position += len(part)
        return done

    def _block(self, number: int) -> bytes:
        block = self._blocks.pop(number, None)
        if block is None:
            block = self._open_block(number)
            while len(self._blocks) >= self._cached_blocks:
                self._blocks.popitem(last=False)
        self._blocks[number] = block
        return block

    def _open_block(self, number: int) -> bytes:
        first = number * CHUNKS_PER_BLOCK
        end = min(first + CHUNKS_PER_BLOCK, self._chunks)
        offset = HEADER_BYTES + first * SEALED_CHUNK_BYTES
        sealed = memoryview(
            self._fetch(offset, min(HEADER_BYTES + end * SEALED_CHUNK_BYTES, self._sealed_size))
        )
        return b"".join(
            self._cipher.open(
                chunk,
                sealed[(chunk - first) * SEALED_CHUNK_BYTES : (chunk - first + 1) * SEALED_CHUNK_BYTES],
                last=chunk == self._chunks - 1,
            )
            for chunk in range(first, end)
        )

    def _fetch(self, start: int, end: int) -> bytes:
        data = self._read_range(start, end)
        if len(data) != end - start:
            raise ContentTampered  # it was replaced by a shorter object since it was opened
        return data
