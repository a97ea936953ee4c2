"""A body that comes packed, unpacked as it arrives: gzip alone, within bounds, in flat memory."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from api.errors import ApiError, Code

GZIP = ("gzip", "x-gzip")
_WINDOW = 31  # zlib's word for gzip, with its header and checksum
SLICE = (
    8_192  # bytes, unpacked at a time: what zlib leaves of them it copies, for each file that ends in them
)
PIECE = 65_536  # bytes, of what comes out at a time
MOST_TIMES = (
    100  # what may come out of each byte; recordings and texts come to 20 at the most, bombs to 1,000
)
FREE_BYTES = 1_000_000  # that may come out whatever went in
MOST_GROWN = 2  # times this and what came out may go in; what can't be packed grows by a thousandth


def is_packed(request: Request) -> bool:
    """Raises ApiError `unsupported_media_type`: in a way that isn't known here."""
    given = [
        name.strip().lower()
        for value in request.headers.getlist("content-encoding")
        for name in value.split(",", 2)
    ]
    codings = [name for name in given if name not in ("", "identity")]
    if len(codings) > 1 or not set(codings) <= set(GZIP):
        raise ApiError(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "The Content-Encoding of a body may be gzip, or none.",
            headers={"Accept-Encoding": "gzip"},  # RFC 9110, section 15.5.16
        )
    return codings != []


async def unpacked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """In pieces, each before a pause for the event loop; what is small of one slice together. gzip files may follow
    each other.

    Raises ApiError `malformed_body`: it is no gzip, or ends too early, or has next to nothing in it for its size;
    `file_too_large`: far more comes out than in.
    """
    packed = _Packed()
    async for chunk in chunks:
        for start in range(0, len(chunk), SLICE):
            packed.give(chunk[start : start + SLICE])
            gathered = bytearray()
            while (piece := packed.take()) is not None:
                gathered += piece
                if len(gathered) >= PIECE:
                    yield bytes(gathered)
                    gathered.clear()
                    await asyncio.sleep(0)
            if gathered:
                yield bytes(gathered)
            await asyncio.sleep(0)
    packed.end()


class _Packed:
    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_WINDOW)
        self._rest = b""
        self._begun = False  # whether bytes of a gzip file that hasn't ended have come
        self._went_in = self._came_out = 0

    def give(self, data: bytes) -> None:
        """Once `take` has given all of what was given before."""
        self._rest = data
        self._went_in += len(data)

    def take(self) -> bytes | None:
        """The next piece, which may be empty; None: that was all."""
        if not self._rest:
            return None
        if self._unpacker.eof:
            self._unpacker = zlib.decompressobj(_WINDOW)
        try:
            piece = self._unpacker.decompress(self._rest, PIECE)
        except zlib.error:
            raise _malformed() from None
        self._rest = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
        self._begun = not self._unpacker.eof
        self._came_out += len(piece)
        if self._came_out > FREE_BYTES + MOST_TIMES * self._went_in:
            raise ApiError(Code.FILE_TOO_LARGE, f"A packed body may unpack to {MOST_TIMES} times its size.")
        if self._went_in > MOST_GROWN * (FREE_BYTES + self._came_out):
            raise _malformed()  # else nothing would ever end a body of which nothing comes
        return piece

    def end(self) -> None:
        if self._begun:
            raise _malformed()


def _malformed() -> ApiError:
    return ApiError(
        Code.MALFORMED_BODY, "The body is not the gzip that its Content-Encoding says, or not whole."
    )
