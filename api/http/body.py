"""A request's body as it arrives."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.types import Message

from api.errors import ApiError, Code
from api.http.content_encoding import is_packed, unpacked
from api.services import services
from pipeline.stall_detector import Checkpoint, next_checkpoint

WINDOW_SECONDS = 30.0


def chunks(request: Request) -> AsyncIterator[bytes]:
    """Unpacked, if it comes packed. Raises ApiError as `is_packed`, `unpacked` and `_received` do; ClientDisconnect."""
    received = _received(request)
    return unpacked(received) if is_packed(request) else received


async def _received(request: Request) -> AsyncIterator[bytes]:
    """Raises ApiError `request_timeout` when the client was slower than SMELT_SLOWEST_BODY for a whole window of
    waiting for it, however short the body is; ClientDisconnect on a hang-up.
    """
    slowest = services(request).settings.slowest_body
    stream = request.stream()
    checkpoint, done, waited = Checkpoint(0.0, 0.0), 0, 0.0
    while True:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(checkpoint.at + WINDOW_SECONDS - waited):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise ApiError(Code.REQUEST_TIMEOUT) from None
        if chunk is None:
            return
        done += len(chunk)
        waited += time.monotonic() - begun
        kept = next_checkpoint(checkpoint, done, waited, window=WINDOW_SECONDS, slowest=slowest)
        if kept is None:
            raise ApiError(Code.REQUEST_TIMEOUT)
        checkpoint = kept
        if chunk:
            yield chunk


async def whole(request: Request, limit: int) -> bytes:
    """At most `limit` bytes. Raises ApiError `file_too_large` as soon as there are more."""
    body = bytearray()
    async for chunk in chunks(request):
        body += chunk
        if len(body) > limit:
            raise ApiError(Code.FILE_TOO_LARGE, f"A body may have {limit:,} bytes here.")
    return bytes(body)


def with_body(request: Request, body: bytes) -> Request:
    """The same request, whose body is here and can be read once more."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)
