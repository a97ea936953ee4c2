"""A request's body as it arrives."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from api.errors import ApiError

IDLE_SECONDS = 60.0


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """Raises ApiError `request_timeout` when nothing came for `IDLE_SECONDS`; ClientDisconnect
    on a hang-up.
    """
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise ApiError("request_timeout") from None
        if chunk is None:
            return
        if chunk:
            yield chunk


async def whole(request: Request, limit: int) -> bytes:
    """At most `limit` bytes. Raises ApiError `file_too_large` as soon as there are more."""
    body = bytearray()
    async for chunk in chunks(request):
        body += chunk
        if len(body) > limit:
            raise ApiError("file_too_large", f"A body may have {limit:,} bytes here.")
    return bytes(body)
