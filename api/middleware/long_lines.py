"""Heads whose lines are longer than any client's need to be: refused before anything parses them on the event loop.

Parsers of queries and of a header's parameters take milliseconds for each kilobyte of nothing but separators.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, Code, problem

MOST_TARGET_BYTES = 8_192  # of the path, and of the query
MOST_TYPE_BYTES = 1_024  # of the Content-Type
MOST_HEADERS = 100


class LongLines:
    """ASGI middleware; inside of what lets the client hear an early answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_long(scope):
            await problem(ApiError(Code.HEAD_TOO_LARGE))(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _is_long(scope: Scope) -> bool:
    headers = scope["headers"]
    return (
        len(scope["query_string"]) > MOST_TARGET_BYTES
        or len(scope["path"]) > MOST_TARGET_BYTES
        or len(headers) > MOST_HEADERS
        or any(len(value) > MOST_TYPE_BYTES for name, value in headers if name == b"content-type")
    )
