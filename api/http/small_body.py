"""Routes of signed-in users whose bodies are small: read whole once it is known who sends them, before anything looks
at them, and no further than they may be long.

FastAPI would read and judge a body before it asks who sends it, uncounted; its own limit answers in plain text, and
waits for a silent client without end.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from api.auth.callers import find_caller, signed_in
from api.errors import Fault, FaultCode, refusal
from api.http.body import whole

MAX_SMALL_BODY = 64_000  # bytes: 4,000 characters, each escaped as two halves, with room for the rest

MAX_MEMBERS = 32  # of a JSON object; each that isn't known would be a fault of its own

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class SmallBodyRoute(APIRoute):
    """Raises what `find_caller`, `signed_in` and `whole` raise, in place of the route's function."""

    def get_route_handler(self) -> Handler:
        handle: Handler = super().get_route_handler()

        async def read_then_handle(request: Request) -> Response:
            signed_in(await find_caller(request))
            body = await whole(request, MAX_SMALL_BODY)
            _refuse_many_members(body)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return read_then_handle


def _refuse_many_members(body: bytes) -> None:
    """Whether it is JSON at all is FastAPI's to say. Raises ApiError `validation_failed`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict) and len(document) > MAX_MEMBERS:
        raise refusal([Fault(FaultCode.TOO_MANY_FIELDS, f"At most {MAX_MEMBERS} fields.")])
