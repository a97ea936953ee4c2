"""The last catch: an unexpected error becomes `500 internal_error`, and its message never reaches a log."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, Code, log_unexpected, problem


class ReplyCut(Exception):
    """The reply had begun when something failed: the connection is closed, so that the client can tell."""


class CatchAllErrors:
    """ASGI middleware around everything that may fail."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - becomes an answer, or ReplyCut
            log_unexpected(error)
            if begun:
                raise ReplyCut("the reply was cut short") from None
            await problem(ApiError(Code.INTERNAL_ERROR))(scope, receive, send)
