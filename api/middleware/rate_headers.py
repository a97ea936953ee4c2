"""`RateLimit` and `RateLimit-Policy` on every reply to a counted request (draft-ietf-httpapi-ratelimit-headers)."""

import math

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.rate import Ruling

RULING = "smelt.ruling"


def note(scope: Scope, ruling: Ruling) -> None:
    """Has the reply tell of this ruling."""
    scope.setdefault("state", {})[RULING] = ruling


class RateHeaders:
    """ASGI middleware; outside of what answers with errors, so that these tell it too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def telling(message: Message) -> None:
            ruling: Ruling | None = state.get(RULING)
            if message["type"] == "http.response.start" and ruling is not None:
                headers = MutableHeaders(scope=message)
                rate = ruling.rate
                headers["RateLimit-Policy"] = f'"{rate.name}";q={rate.limit};w={math.ceil(rate.window)}'
                headers["RateLimit"] = f'"{rate.name}";r={ruling.remaining};t={math.ceil(ruling.reset)}'
            await send(message)

        await self.app(scope, receive, telling)
