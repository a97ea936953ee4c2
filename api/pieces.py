"""Replies that are large, made where they don't hold up the event loop, and sent piece by piece.

A transport copies what its socket doesn't take at once: of a shared body each slow client would have a copy.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE = 65_536  # bytes


def pieces(data: bytes) -> Iterator[memoryview]:
    """All of it, without a copy."""
    view = memoryview(data)
    return (view[start : start + PIECE] for start in range(0, len(view), PIECE))


class JsonPieces(Response):
    """JSON that is there already."""

    media_type = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self.body) <= PIECE:
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in pieces(bytes(self.body)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def json_reply(reply: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonPieces:
    """In the thread of the route's function. FastAPI would turn it into JSON on the event loop."""
    return JsonPieces(reply.model_dump_json().encode(), status, headers)
