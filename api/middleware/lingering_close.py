"""Answer before the body is read to its end, and let the client hear it.

Closing a socket on which bytes are still arriving resets the connection, and the reset may overtake the
answer. So the answer is sent whole at once, and what still arrives is thrown away for a short while before
the connection is closed (what nginx calls a lingering close).
"""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_SECONDS = 10.0
SILENCE_SECONDS = 2.0


class LingeringClose:
    """ASGI middleware: early answers close the connection, politely."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        body_read = False

        async def watched_receive() -> Message:
            nonlocal body_read
            message = await receive()
            body_read = body_read or message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def lingering_send(message: Message) -> None:
            if body_read:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await _drain(watched_receive, lambda: body_read)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app(scope, watched_receive, lingering_send)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _drain(receive: Receive, done: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while not done():
                await asyncio.wait_for(receive(), SILENCE_SECONDS)
    except TimeoutError:
        return
