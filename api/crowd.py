"""Back-pressure: beyond so many requests under way, the next is told at once to come back later."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, problem

MOST_REQUESTS = 1_000
RETRY_SECONDS = 2.0


class Crowd:
    """ASGI middleware. `most`: requests under way at once, health checks not counted."""

    def __init__(self, app: ASGIApp, most: int = MOST_REQUESTS) -> None:
        self.app = app
        self.most = most
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz", "/metrics"):
            await self.app(scope, receive, send)
        elif self._under_way >= self.most:
            await problem(ApiError("busy", retry_after=RETRY_SECONDS))(scope, receive, send)
        else:
            self._under_way += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self._under_way -= 1
