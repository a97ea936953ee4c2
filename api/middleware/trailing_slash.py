"""An address with a slash too many at its end is the one without it, as clients that join addresses write it.

Not by a redirect: that would take a client's body a second time, or lose it, and name the Host header's address.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

DOCS = "/docs/"  # its page names its files relative to itself, so it redirects


class TrailingSlash:
    """ASGI middleware; outside of everything that goes by the path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _has_one(scope["path"]):
            scope["path"] = scope["path"].removesuffix("/")
            scope["raw_path"] = scope["raw_path"].removesuffix(b"/")
        await self.app(scope, receive, send)


def _has_one(path: str) -> bool:
    return len(path) > 1 and path.endswith("/") and path != DOCS
