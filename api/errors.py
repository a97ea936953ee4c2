"""How a fact becomes an answer: the one table of codes, and RFC 9457 problem details.

`code` is stable and meant for programs; `detail` is safe to show to anyone. Nothing here ever repeats what
the client sent, except the names of fields and files that it must correct.
"""

import logging
import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

log = logging.getLogger("smelt.api")

MAX_FAULTS = 100  # named in one answer, of what FastAPI found
MAX_NAME_CHARS = 64

PROBLEM_JSON = "application/problem+json"

CODES: dict[str, tuple[int, str]] = {
    "malformed_body": (400, "The body could not be read"),
    "authentication_required": (401, "Sign in first"),
    "invalid_token": (401, "The bearer token is not valid"),
    "sign_in_required": (403, "This needs a signed-in user"),
    "not_found": (404, "Not found"),
    "translation_unavailable": (404, "There is no translation here"),
    "method_not_allowed": (405, "Method not allowed"),
    "not_acceptable": (406, "None of the accepted media types can be served"),
    "request_timeout": (408, "The body stopped arriving"),
    "idempotency_key_reused": (409, "The idempotency key was used with another body"),
    "not_ready": (409, "Not finished yet"),
    "part_failed": (409, "This part has no result"),
    "no_timing": (409, "The input has no timing"),
    "already_finished": (409, "Already finished"),
    "library_full": (409, "The library holds as many as it may"),
    "nothing_to_retry": (409, "Nothing to retry"),
    "already_under_way": (409, "Already under way"),
    "too_many_tokens": (409, "No more tokens"),
    "content_expired": (410, "The content has been deleted"),
    "file_too_large": (413, "Larger than this tier allows"),
    "head_too_large": (431, "The address or a header is longer than it may be"),
    "unsupported_format": (415, "Unsupported format"),
    "unsupported_media_type": (415, "Unsupported content type of the body"),
    "validation_failed": (422, "The request is not valid"),
    "prompt_needs_model": (422, "A prompt of one's own needs a language model"),
    "no_audio": (422, "No audio track"),
    "unsupported_codec": (422, "Unsupported codec"),
    "corrupted_file": (422, "The recording is damaged"),
    "duration_exceeded": (422, "Longer than this tier allows"),
    "empty_input": (422, "The input is empty"),
    "no_speech": (422, "No speech was found"),
    "api_key_invalid": (422, "The provider does not accept this API key"),
    "daily_limit_reached": (429, "Daily limit reached"),
    "credits_exhausted": (429, "No credits left"),
    "too_many_requests": (429, "Too many requests"),
    "transcription_failed": (500, "The recording could not be transcribed"),
    "timed_out": (500, "The work took longer than it may"),
    "worker_lost": (500, "The worker died on this recording every time"),
    "content_damaged": (500, "The stored content is damaged"),
    "internal_error": (500, "Something went wrong inside the service"),
    "unavailable": (503, "Temporarily unavailable"),
    "busy": (503, "Too much to do at the moment"),
}

_OF_STATUS = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 413: "file_too_large"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad part or field of a request: `part` counts the inputs from 0."""

    code: str
    detail: str
    field: str | None = None
    part: int | None = None
    filename: str | None = None

    def as_json(self) -> dict[str, Any]:
        values = {
            "field": self.field,
            "part": self.part,
            "filename": self.filename,
            "code": self.code,
            "detail": self.detail,
        }
        return {name: value for name, value in values.items() if value is not None}


class ApiError(Exception):
    """An answer other than success. `retry_after`: seconds, for the header of that name."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        faults: Sequence[Fault] = (),
        retry_after: float | None = None,
    ) -> None:
        self.code = code
        self.status, self.title = CODES[code]
        self.detail = detail or f"{self.title}."
        self.faults = tuple(faults)
        self.retry_after = retry_after
        super().__init__(code)


def refusal(faults: Sequence[Fault]) -> ApiError:
    """The one answer to a request with bad parts: the gravest of their codes, every part named."""
    codes = {fault.code for fault in faults}
    for code in ("file_too_large", "unsupported_format"):
        if code in codes:
            return ApiError(code, _summary(faults), faults=faults)
    if codes == {"prompt_needs_model"}:
        return ApiError("prompt_needs_model", faults[0].detail, faults=faults)
    return ApiError("validation_failed", _summary(faults), faults=faults)


def _summary(faults: Sequence[Fault]) -> str:
    return faults[0].detail if len(faults) == 1 else f"{len(faults)} parts of the request are not valid."


def problem_body(error: ApiError) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:smelt:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.faults:
        body["errors"] = [fault.as_json() for fault in error.faults]
    return body


def problem(error: ApiError) -> JSONResponse:
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        given = error.code == "invalid_token"
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if given else "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return JSONResponse(problem_body(error), error.status, headers, media_type=PROBLEM_JSON)


async def on_api_error(_: Request, error: ApiError) -> JSONResponse:
    return problem(error)


async def on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
    """What FastAPI found in path, query or JSON body. An id that is no UUID is simply not there: 404."""
    problems: Sequence[dict[str, Any]] = error.errors()
    if all(item["loc"][0] == "path" for item in problems):
        return problem(ApiError("not_found"))
    if any(item["type"] == "json_invalid" for item in problems):
        return problem(ApiError("malformed_body", "The body is not valid JSON."))
    faults = [
        Fault(
            "invalid_value",
            f"{item['msg']}.",
            field=shown(".".join(str(step)[:MAX_NAME_CHARS] for step in item["loc"][1:])) or "body",
        )
        for item in problems[:MAX_FAULTS]
    ]
    return problem(refusal(faults))


def shown(name: str) -> str:
    """A field's name as the client gave it, cut down to what is safe to print; may be empty."""
    return "".join(char for char in name[:MAX_NAME_CHARS] if char.isprintable())


async def on_http_exception(_: Request, error: HTTPException) -> JSONResponse:
    """The router's own: no such path, no such method."""
    code = _OF_STATUS.get(error.status_code)
    if code is None:
        code = "validation_failed" if error.status_code < 500 else "internal_error"
    response = problem(ApiError(code))
    response.headers.update(error.headers or {})
    return response


def log_unexpected(error: Exception) -> None:
    """Where it happened, never what it said: the message of a library's error may hold content."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__name__, where)
