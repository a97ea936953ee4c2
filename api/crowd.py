"""Back-pressure: beyond so many requests under way, the next is told at once to come back later.

Event streams are counted by themselves: they stay for long, and hardly do anything.
"""

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, problem

MOST_REQUESTS = 1_000
MOST_STREAMS = 5_000
RETRY_SECONDS = 2.0
TOO_MANY = "Too many requests are under way: come again after as long as `Retry-After` says."


class Crowd:
    """ASGI middleware. `most`: requests under way at once, health checks not counted; `streams`: of events."""

    def __init__(self, app: ASGIApp, most: int = MOST_REQUESTS, streams: int = MOST_STREAMS) -> None:
        self.app = app
        self._requests = _Count(most)
        self._streams = _Count(streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz", "/metrics"):
            await self.app(scope, receive, send)
            return
        count = self._streams if scope["path"].endswith("/events") else self._requests
        if count.under_way >= count.most:
            await problem(ApiError("busy", TOO_MANY, retry_after=RETRY_SECONDS))(scope, receive, send)
        else:
            count.under_way += 1
            try:
                await self.app(scope, receive, send)
            finally:
                count.under_way -= 1


@dataclass(slots=True)
class _Count:
    most: int
    under_way: int = 0
