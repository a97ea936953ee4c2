"""What a provider's failures mean: one table from HTTP and SDK errors to the service's error codes.

Nothing that the provider said is carried over: its messages quote content and parts of keys.
"""

import re
from collections.abc import Mapping

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, OpenAIError

from pipeline import retry_after as header
from pipeline.errors import RateLimited, WorkError
from pipeline.states import ErrorCode
from pipeline.synthesis import ContextExceeded

_CONTEXT_CODES = {"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"}
_CONTEXT_WORDS = re.compile(
    r"context (length|size|window)|maximum context|too many tokens|prompt is too long|request too large", re.I
)
_FILTER_CODES = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}
_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def translate(error: OpenAIError) -> WorkError | ContextExceeded:  # noqa: PLR0911 (a table)
    """The fact behind an error of the SDK."""
    if isinstance(error, APITimeoutError):
        return WorkError(ErrorCode.TIMED_OUT, "The language model gave no answer in time.", retryable=True)
    if isinstance(error, APIConnectionError):
        return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True)
    if not isinstance(error, APIError):
        return malformed()
    kinds = {str(kind).lower() for kind in (error.code, error.type) if kind}
    if kinds & _FILTER_CODES:
        return WorkError(ErrorCode.CONTENT_FILTERED)
    if kinds & _QUOTA_CODES:
        return WorkError(ErrorCode.API_QUOTA_EXHAUSTED)
    if isinstance(error, APIStatusError):
        return _of_status(error, kinds)
    return _of_event(error, kinds)


def malformed() -> WorkError:
    """The provider answered with something that isn't a chat completion."""
    return WorkError(ErrorCode.SYNTHESIS_FAILED, retryable=True)


def _of_status(error: APIStatusError, kinds: set[str]) -> WorkError | ContextExceeded:  # noqa: PLR0911 (a table)
    status, wait = error.status_code, retry_after(error.response.headers)
    # A single request above a limit of tokens a minute is a 429 that no waiting helps.
    if status in (400, 413, 422, 429, 500) and _is_context(error, kinds):
        return ContextExceeded()
    if status in (401, 403):
        return WorkError(ErrorCode.API_KEY_INVALID)
    if status == 402:
        return WorkError(ErrorCode.API_QUOTA_EXHAUSTED)
    if status == 413:
        return ContextExceeded()
    if status == 429:
        return RateLimited(wait)
    if status in (408, 409, 425) or status >= 500:
        return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True, retry_after=wait)
    return WorkError(ErrorCode.SYNTHESIS_FAILED)


def _of_event(error: APIError, kinds: set[str]) -> WorkError | ContextExceeded:
    """An error that came inside a stream, after a status of 200."""
    if _is_context(error, kinds):
        return ContextExceeded()
    if kinds & {"rate_limit_exceeded", "429"}:
        return RateLimited()
    return WorkError(ErrorCode.API_UNAVAILABLE, retryable=True)


def _is_context(error: APIError, kinds: set[str]) -> bool:
    return bool(kinds & _CONTEXT_CODES) or _CONTEXT_WORDS.search(error.message) is not None


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
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
