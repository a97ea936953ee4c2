"""`HEAD` wherever there is `GET`: the same head, without the body; `Range` is for `GET` alone (RFC 9110, 14.2)."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CHANGED = ("method", "headers")


class Answered(OSError):
    """Ends the making of a body that nobody will read; a stream would have no other end. As if the client had gone."""


class Head:
    """ASGI middleware; the innermost, since all that is outside counts and logs the method that was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        answered = False

        async def without_body(message: Message) -> None:
            nonlocal answered
            if message["type"] != "http.response.body":
                await send(message)
                return
            if not answered:
                answered = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            if message.get("more_body", False):
                raise Answered

        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        inner = {**scope, "method": "GET", "headers": headers}
        try:
            await self.app(inner, receive, without_body)
        except (Answered, ClientDisconnect):
            if not answered:
                raise
        finally:
            scope.update({name: value for name, value in inner.items() if name not in _CHANGED})
