"""Replies that are large, made where they don't hold up the event loop, and sent piece by piece.

A transport copies what its socket doesn't take at once: of a shared body each slow client would have a copy.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.middleware.concurrency_limit import join
from pipeline.concurrency import Kind

PIECE = 65_536  # bytes
LARGE = 1_000_000  # bytes; so many of memory for as long as the client takes to read them


def pieces(data: bytes) -> Iterator[memoryview]:
    """All of it, without a copy."""
    view = memoryview(data)
    return (view[start : start + PIECE] for start in range(0, len(view), PIECE))


class Pieces(Response):
    """A reply that is there already. Its request lasts, and holds its places, until the last piece has been taken."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ApiError `too_many_requests`, `busy`: too many large replies are being sent."""
        if len(self.body) <= PIECE:
            await super().__call__(scope, receive, send)
            return
        if len(self.body) > LARGE:
            join(scope, Kind.LARGE)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in pieces(bytes(self.body)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class JsonPieces(Pieces):
    media_type = "application/json"


def json_reply(reply: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonPieces:
    """In the thread of the route's function. FastAPI would turn it into JSON on the event loop."""
    return JsonPieces(reply.model_dump_json().encode(), status, headers)
