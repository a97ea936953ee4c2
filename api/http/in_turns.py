"""Replies that are made while they are sent: each piece in one of the tenant's turns (`api/http/database_share.py`).

So a slow client holds no turn while it reads, and many replies of one tenant don't take all threads.
"""

from collections.abc import AsyncIterator, Iterator

from starlette.concurrency import run_in_threadpool

from api.http.database_share import DatabaseShare
from api.http.pieces import PIECE, pieces


async def in_turns(share: DatabaseShare, tenant: str, made: Iterator[bytes]) -> AsyncIterator[memoryview]:
    """Raises what making a piece raises."""
    while True:
        async with share.turn(tenant, longest_wait=None):
            piece = await run_in_threadpool(next, made, None)
        if piece is None:
            return
        for part in pieces(piece):
            yield part


def gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: a thread is found once for many small parts."""
    piece = bytearray()
    for part in parts:
        piece += part
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
