"""How a fact becomes an answer: the one table of codes, and RFC 9457 problem details.

`code` is stable and meant for programs; `detail` is safe to show to anyone. Nothing here ever repeats what
the client sent, except the names of fields and files that it must correct.
"""

import logging
import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Self

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipeline.metrics.accounting import problem_replies
from pipeline.states import ErrorCode

log = logging.getLogger("smelt.api")

MAX_FAULTS = 100  # named in one answer, of what FastAPI found
MAX_NAME_CHARS = 64

PROBLEM_JSON = "application/problem+json"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Code(StrEnum):
    """What an answer other than success is about, with its status and its title."""

    MALFORMED_BODY = "malformed_body", 400, "The body could not be read"
    AUTHENTICATION_REQUIRED = "authentication_required", 401, "Sign in first"
    INVALID_TOKEN = "invalid_token", 401, "The bearer token is not valid"
    SIGN_IN_REQUIRED = "sign_in_required", 403, "This needs a signed-in user"
    NOT_FOUND = "not_found", 404, "Not found"
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "Method not allowed"
    NOT_ACCEPTABLE = "not_acceptable", 406, "None of the accepted media types can be served"
    REQUEST_TIMEOUT = "request_timeout", 408, "The body stopped arriving"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 409, "The idempotency key was used with another body"
    NOT_READY = "not_ready", 409, "Not finished yet"
    PART_FAILED = "part_failed", 409, "This part has no result"
    NO_TIMING = "no_timing", 409, "The input has no timing"
    NO_SPEAKERS = "no_speakers", 409, "Speakers were not told apart"
    ALREADY_FINISHED = "already_finished", 409, "Already finished"
    LIBRARY_FULL = "library_full", 409, "The library holds as many as it may"
    NOTHING_TO_RETRY = "nothing_to_retry", 409, "Nothing to retry"
    ALREADY_UNDER_WAY = "already_under_way", 409, "Already under way"
    TOO_MANY_TOKENS = "too_many_tokens", 409, "No more tokens"
    CONTENT_EXPIRED = "content_expired", 410, "The content has been deleted"
    FILE_TOO_LARGE = "file_too_large", 413, "Larger than this tier allows"
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable", 416, "The range begins behind the end"
    HEAD_TOO_LARGE = "head_too_large", 431, "The address or a header is longer than it may be"
    UNSUPPORTED_FORMAT = "unsupported_format", 415, "Unsupported format"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "Unsupported content type of the body"
    VALIDATION_FAILED = "validation_failed", 422, "The request is not valid"
    TRANSLATION_UNAVAILABLE = "translation_unavailable", 422, "The speech model doesn't translate"
    PROMPT_NEEDS_MODEL = "prompt_needs_model", 422, "A prompt of one's own needs a language model"
    SPEAKERS_UNAVAILABLE = "speakers_unavailable", 422, "Speakers can't be told apart here"
    NO_AUDIO = "no_audio", 422, "No audio track"
    UNSUPPORTED_CODEC = "unsupported_codec", 422, "Unsupported codec"
    CORRUPTED_FILE = "corrupted_file", 422, "The recording is damaged"
    DURATION_EXCEEDED = "duration_exceeded", 422, "Longer than this tier allows"
    EMPTY_INPUT = "empty_input", 422, "The input is empty"
    NO_SPEECH = "no_speech", 422, "No speech was found"
    API_KEY_INVALID = "api_key_invalid", 422, "The provider does not accept this API key"
    DAILY_LIMIT_REACHED = "daily_limit_reached", 429, "Daily limit reached"
    CREDITS_EXHAUSTED = "credits_exhausted", 429, "No credits left"
    TOO_MANY_REQUESTS = "too_many_requests", 429, "Too many requests"
    TRANSCRIPTION_FAILED = "transcription_failed", 500, "The recording could not be transcribed"
    TIMED_OUT = "timed_out", 500, "The work took longer than it may"
    WORKER_LOST = "worker_lost", 500, "The worker died on this recording every time"
    CONTENT_DAMAGED = "content_damaged", 500, "The stored content is damaged"
    INTERNAL_ERROR = "internal_error", 500, "Something went wrong inside the service"
    UNAVAILABLE = "unavailable", 503, "Temporarily unavailable"
    BUSY = "busy", 503, "Too much to do at the moment"

    status: int
    summary: str

    def __new__(cls, code: str, status: int = 500, summary: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.status, member.summary = status, summary
        return member


class FaultCode(StrEnum):
    """What can be wrong with one field, and never is the whole answer."""

    INVALID_VALUE = "invalid_value"
    MISSING = "missing"
    UNKNOWN_FIELD = "unknown_field"
    DUPLICATE_FIELD = "duplicate_field"
    TOO_MANY_FIELDS = "too_many_fields"
    TOO_MANY_INPUTS = "too_many_inputs"


_OF_STATUS = {
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    406: Code.NOT_ACCEPTABLE,
    413: Code.FILE_TOO_LARGE,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad part or field of a request: `part` counts the inputs from 0."""

    code: Code | FaultCode | ErrorCode
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
    """An answer other than success. `retry_after`: seconds, for the header of that name; `headers`: others."""

    def __init__(
        self,
        code: Code,
        detail: str | None = None,
        *,
        faults: Sequence[Fault] = (),
        retry_after: float | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self.code = code
        self.status, self.title = code.status, code.summary
        self.detail = detail or f"{self.title}."
        self.faults = tuple(faults)
        self.retry_after = retry_after
        self.headers = headers
        super().__init__(code)


def refusal(faults: Sequence[Fault]) -> ApiError:
    """The one answer to a request with bad parts: the gravest of their codes, every part named."""
    codes = {fault.code for fault in faults}
    for code in (Code.FILE_TOO_LARGE, Code.UNSUPPORTED_FORMAT):
        if code in codes:
            return ApiError(code, _summary(faults), faults=faults)
    for code in (Code.PROMPT_NEEDS_MODEL, Code.TRANSLATION_UNAVAILABLE):
        if codes == {code}:
            return ApiError(code, faults[0].detail, faults=faults)
    return ApiError(Code.VALIDATION_FAILED, _summary(faults), faults=faults)


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
    problem_replies.labels(error.code).inc()
    headers = dict(error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED:
        given = error.code is Code.INVALID_TOKEN
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
        return problem(ApiError(Code.NOT_FOUND))
    if any(item["type"] == "json_invalid" for item in problems):
        return problem(ApiError(Code.MALFORMED_BODY, "The body is not valid JSON."))
    faults = [
        Fault(
            FaultCode.INVALID_VALUE,
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
        code = Code.VALIDATION_FAILED if error.status_code < 500 else Code.INTERNAL_ERROR
    response = problem(ApiError(code))
    response.headers.update(error.headers or {})
    return response


def log_unexpected(error: Exception) -> None:
    """Where it happened, never what it said: the message of a library's error may hold content."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__name__, where)
