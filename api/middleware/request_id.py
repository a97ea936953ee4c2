"""Every reply carries X-Request-Id, and each log line meanwhile: the client's own if it is sane, else a new UUID."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.logs import bind

SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestId:
    """ASGI middleware; outermost, so that errors carry the id too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        identifier = given if SANE.fullmatch(given) else str(uuid4())
        bind(request=identifier)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = identifier
            await send(message)

        await self.app(scope, receive, send_with_id)
