"""Routes whose bodies are small: read whole once it is known who sends them, before anything looks at them, and no
further than they may be long.

FastAPI would read and judge a body before it asks who sends it, uncounted; its own limit answers in plain text, and
waits for a silent client without end.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.auth.callers import find_caller, signed_in
from api.auth.identity import Caller
from api.errors import Fault, FaultCode, refusal
from api.http.body import whole, with_body

MAX_SMALL_BODY = 64_000  # bytes: 4,000 characters, each escaped as two halves, with room for the rest

MAX_MEMBERS = 32  # of a JSON object; each that isn't known would be a fault of its own

T = TypeVar("T", bound=BaseModel)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class AnyCallersSmallBodyRoute(APIRoute):
    """Raises what `find_caller` and `whole` raise, in place of the route's function."""

    def check(self, caller: Caller) -> None:
        """Raises ApiError for who may not ask for it."""

    def get_route_handler(self) -> Handler:
        handle: Handler = super().get_route_handler()

        async def read_then_handle(request: Request) -> Response:
            self.check(await find_caller(request))
            body = await whole(request, MAX_SMALL_BODY)
            _refuse_many_members(body)
            return await handle(with_body(request, body))

        return read_then_handle


class SmallBodyRoute(AnyCallersSmallBodyRoute):
    """Of signed-in users. Raises what `signed_in` raises besides."""

    def check(self, caller: Caller) -> None:
        signed_in(caller)


async def read_json(request: Request, model: type[T]) -> T:
    """The body of a caller who may be anybody, and has been counted already.

    Raises ApiError as `whole` does; RequestValidationError for what isn't the model's.
    """
    body = await whole(request, MAX_SMALL_BODY)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None


def _refuse_many_members(body: bytes) -> None:
    """Whether it is JSON at all is FastAPI's to say. Raises ApiError `validation_failed`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict) and len(document) > MAX_MEMBERS:
        raise refusal([Fault(FaultCode.TOO_MANY_FIELDS, f"At most {MAX_MEMBERS} fields.")])
