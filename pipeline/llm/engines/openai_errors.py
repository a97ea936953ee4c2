"""What a provider's failures mean: one table from HTTP and SDK errors to the service's error codes.

Nothing that the provider said is carried over: its messages quote content and parts of keys.
"""

import re
from collections.abc import Mapping, Sequence

from httpx2 import ConnectError, ConnectTimeout, ProxyError
from openai import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    OpenAIError,
)

from pipeline.errors import RateLimited, Unanswered, WorkError
from pipeline.llm.synthesis import ContextExceeded
from pipeline.net import retry_after as header
from pipeline.states import ErrorCode, WaitingFor

_CONTEXT_CODES = {"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"}
_CONTEXT_WORDS = re.compile(
    r"context (length|size|window|limit)|maximum (context|model length|prompt length|number of tokens)|max length"
    r"|too many tokens|(prompt|input) is too (long|large)|request too large|reduce the length of the"
    r"|`inputs` (tokens|must have less)",
    re.I,
)
# Most servers say so by 503. One that only *isn't* loaded may never be.
_LOADING = re.compile(
    r"\b(is|are|being|currently|still) (loading|starting|initiali[sz]ing|warming)\b|\b(re)?loading (the )?model"
    r"|\bmodel (re)?loading\b|\bwarming up\b|\bstarting up\b",
    re.I,
)
_TOO_LARGE = re.compile("request too large", re.I)
_FILTER_CODES = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}
_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
# An error inside a stream has no status but what its fields say: a number, or one of these names.
_STATUS = re.compile("[45][0-9][0-9]")
_STATUSES = {
    "invalid_request_error": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "request_too_large": 413,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "resource_exhausted": 429,
}
# No connection came about: no name, nobody listening, no TLS. The input was never sent, so it can't be its doing.
_NOT_REACHED = (ConnectError, ConnectTimeout, ProxyError)
_DURATIONS = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def translate(  # noqa: PLR0911 (a table)
    error: OpenAIError, *, short: bool = False
) -> WorkError | ContextExceeded:
    """The fact behind an error of the SDK. `short`: what was sent fits every model, so words about a length aren't
    about its own."""
    if isinstance(error, APIConnectionError) and isinstance(error.__cause__, _NOT_REACHED):
        return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, waiting_for=WaitingFor.LANGUAGE_MODEL)
    if isinstance(error, APITimeoutError):
        return timed_out()
    if isinstance(error, APIConnectionError):
        return Unanswered(ErrorCode.API_UNAVAILABLE)
    if not isinstance(error, APIError) or isinstance(error, APIResponseValidationError):
        return malformed()
    kinds = _kinds(error)
    if _FILTER_CODES.intersection(kinds):
        return WorkError(ErrorCode.CONTENT_FILTERED)
    if _QUOTA_CODES.intersection(kinds):
        return WorkError(ErrorCode.API_QUOTA_EXHAUSTED)
    response = error.response if isinstance(error, APIStatusError) else None
    status = _status(kinds) if response is None else response.status_code
    if _is_context(status, "" if short else _said(error), kinds):
        return ContextExceeded()
    return _of_status(status, None if response is None else retry_after(response.headers), _said(error))


def timed_out() -> WorkError:
    return Unanswered(ErrorCode.TIMED_OUT, "The language model gave no answer in time.")


def malformed() -> WorkError:
    """The provider answered with something that isn't a chat completion."""
    return WorkError(ErrorCode.SYNTHESIS_FAILED, retryable=True)


def _kinds(error: APIError) -> list[str]:
    fields = _fields(error)
    kinds = (fields.get(name) for name in ("code", "type", "status"))
    return [str(kind).lower() for kind in kinds if isinstance(kind, str | int)]


def _fields(error: APIError) -> Mapping[str, object]:
    """What the body says of the error. Google's is in a list, which the SDK doesn't look into."""
    body: object = error.body
    if isinstance(body, list) and len(body) == 1 and isinstance(body[0], Mapping):
        body = body[0].get("error")
    return body if isinstance(body, Mapping) else {}


def _status(kinds: Sequence[str]) -> int:
    """The status of an error that came inside a stream, after one of 200."""
    for kind in kinds:
        if _STATUS.fullmatch(kind):
            return int(kind)
        if kind in _STATUSES:
            return _STATUSES[kind]
    return 500


def _of_status(status: int, wait: float | None, said: str) -> WorkError:  # noqa: PLR0911 (a table)
    if status in (401, 403):
        return WorkError(ErrorCode.API_KEY_INVALID)
    if status == 402:
        return WorkError(ErrorCode.API_QUOTA_EXHAUSTED)
    if status == 429:
        return RateLimited(wait)
    if status >= 500:
        return Unanswered(ErrorCode.API_UNAVAILABLE, retry_after=wait)
    if _LOADING.search(said):
        return Unanswered(ErrorCode.API_UNAVAILABLE, retry_after=wait)
    if status in (408, 409, 425):
        return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, retry_after=wait)
    return WorkError(ErrorCode.SYNTHESIS_FAILED)


def _is_context(status: int, said: str, kinds: Sequence[str]) -> bool:
    if status not in (400, 422, 429, 500):
        return status == 413
    # Most words of a 429 are about many requests together; only a single one above the limit is helped by no waiting.
    words = _TOO_LARGE if status == 429 else _CONTEXT_WORDS
    return bool(_CONTEXT_CODES.intersection(kinds)) or words.search(said) is not None


def _said(error: APIError) -> str:
    message = _fields(error).get("message")
    return next(said for said in (error.body, message, error.message) if isinstance(said, str))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait, 0 to a day; None where it names none.

    Read in this order: `Retry-After-Ms`, `Retry-After` (seconds or an HTTP date), then the later of the
    `X-RateLimit-Reset-*` durations whose allowance is used up.
    """
    if (milliseconds := header.number(headers.get("retry-after-ms"))) is not None:
        return header.bounded(milliseconds / 1000)
    if (seconds := header.retry_after(headers.get("retry-after"))) is not None:
        return seconds
    resets = [
        duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}", "0") == "0"
    ]
    known = [seconds for seconds in resets if seconds is not None]
    return header.bounded(max(known)) if known else None


def duration(text: str) -> float | None:
    """Seconds of a duration such as `1m30.5s` or `20ms`; None for anything else."""
    if not _DURATIONS.fullmatch(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
