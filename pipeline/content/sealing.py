"""Sealing: encryption of one object in chunks, so that it can be written as it arrives and read anywhere.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015) over AES-256-GCM. A sealed object, in bytes:

    4       32     65,536 + 16   65,536 + 16   …   (0 to 65,536) + 16
    magic   salt   chunk 0       chunk 1           last chunk

Every chunk but the last is full; an object always has a last chunk, which is empty only if the object is. The
object's own key is HKDF-SHA256(content key, salt). A chunk's nonce is its number (11 bytes, big-endian) and
one byte that is 1 on the last chunk, else 0. The caller's context and the magic are every chunk's associated
data.

No nonce is ever used twice under one key: the salt is 32 random bytes, so no two objects share a key, and
within an object each number is used once, for one chunk, either as the last one or not. Cut, reordered,
extended or swapped objects fail, because the number, the last flag, the salt or the context is then another
than was sealed.
"""

import secrets
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.content.errors import ContentTampered

Data: TypeAlias = bytes | bytearray | memoryview

MAGIC = b"SML\x01"
SALT_BYTES = 32
HEADER_BYTES = len(MAGIC) + SALT_BYTES
CHUNK_BYTES = 65_536
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES


def chunk_count(sealed_size: int) -> int:
    """Chunks in a sealed object of so many bytes. Raises ContentTampered if no object has that size."""
    body = sealed_size - HEADER_BYTES
    count = -(-body // SEALED_CHUNK_BYTES)
    last = body - (count - 1) * SEALED_CHUNK_BYTES
    if body < TAG_BYTES or last < TAG_BYTES or (count > 1 and last == TAG_BYTES):
        raise ContentTampered
    return count


def plain_size(sealed_size: int) -> int:
    """Bytes of content in a sealed object of so many bytes. Raises ContentTampered."""
    return sealed_size - HEADER_BYTES - chunk_count(sealed_size) * TAG_BYTES


class ChunkCipher:
    """Seals and opens the chunks of one object, by number, in any order."""

    def __init__(self, key: bytes, header: bytes, context: bytes) -> None:
        """`key`: the smelt's 32 bytes; `header`: the object's first 36 bytes. Raises ContentTampered."""
        if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
            raise ContentTampered
        derivation = HKDF(SHA256(), length=32, salt=header[len(MAGIC) :], info=b"smelt object")
        self._cipher = AESGCM(derivation.derive(key))
        self._associated = MAGIC + context

    def seal(self, number: int, chunk: Data, *, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(number, last), chunk, self._associated)

    def open(self, number: int, sealed: Data, *, last: bool) -> bytes:
        """Raises ContentTampered unless this very chunk was sealed under this number and flag."""
        try:
            return self._cipher.decrypt(_nonce(number, last), sealed, self._associated)
        except InvalidTag as error:
            raise ContentTampered from error


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Sealer:
    """Seals one object as its content arrives. Holds at most one chunk between calls."""

    def __init__(self, key: bytes, context: bytes) -> None:
        """`key`: the smelt's 32 bytes; `context`: what the object is, needed again to open it."""
        self._header = MAGIC + secrets.token_bytes(SALT_BYTES)
        self._cipher = ChunkCipher(key, self._header, context)
        self._held = bytearray()
        self._number = 0
        self._finished = False

    def update(self, data: Data) -> bytes:
        """Takes content of any length; returns the sealed bytes that are ready, often none."""
        self._refuse_if_finished()
        self._held += memoryview(data)
        # The last chunk is marked, so a full one is held back until more content shows that it isn't last.
        ready = max(0, (len(self._held) - 1) // CHUNK_BYTES)
        parts = [self._take_header()]
        with memoryview(self._held) as view:
            for start in range(0, ready * CHUNK_BYTES, CHUNK_BYTES):
                parts.append(self._cipher.seal(self._number, view[start : start + CHUNK_BYTES], last=False))
                self._number += 1
        del self._held[: ready * CHUNK_BYTES]
        return b"".join(parts)

    def finish(self) -> bytes:
        """Returns the rest. Without it the object can't be opened."""
        self._refuse_if_finished()
        self._finished = True
        return self._take_header() + self._cipher.seal(self._number, self._held, last=True)

    def _take_header(self) -> bytes:
        header, self._header = self._header, b""
        return header

    def _refuse_if_finished(self) -> None:
        if self._finished:
            raise ValueError("this object is already finished")


def seal(data: Data, key: bytes, context: bytes) -> bytes:
    """Seals one whole object."""
    sealer = Sealer(key, context)
    return sealer.update(data) + sealer.finish()


def unseal(pieces: Iterable[Data], key: bytes, context: bytes) -> Iterator[bytes]:
    """Opens a sealed object that arrives in pieces of any length; yields its content, up to 64 KiB at a time.

    Each yielded chunk is authentic, but only reaching the end shows that nothing is missing after it: raises
    ContentTampered in place of the end of a cut object, and of any chunk that isn't the one sealed.
    """
    held = bytearray()
    cipher: ChunkCipher | None = None
    number = 0
    for piece in pieces:
        held += memoryview(piece)
        if cipher is None:
            if len(held) < HEADER_BYTES:
                continue
            cipher = ChunkCipher(key, bytes(held[:HEADER_BYTES]), context)
            del held[:HEADER_BYTES]
        ready = max(0, (len(held) - 1) // SEALED_CHUNK_BYTES)
        for start in range(0, ready * SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES):
            sealed = bytes(held[start : start + SEALED_CHUNK_BYTES])
            yield cipher.open(number, sealed, last=False)
            number += 1
        del held[: ready * SEALED_CHUNK_BYTES]
    if cipher is None or len(held) < TAG_BYTES:
        raise ContentTampered
    if last := cipher.open(number, held, last=True):
        yield last
