"""What the header `Retry-After` asks for: a number of seconds, or an HTTP date (RFC 9110, section 10.2.3)."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0  # seconds; a day, whatever a header says


def retry_after(text: str | None) -> float | None:
    """Seconds to wait, 0 to a day; None where the header is missing or says nothing that can be understood."""
    if text is None:
        return None
    if (seconds := number(text)) is not None:
        return bounded(seconds)
    date = _http_date(text)
    return None if date is None else bounded((date - datetime.now(UTC)).total_seconds())


def number(text: str | None) -> float | None:
    """A finite number; None for anything else."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year or an hour of twenty digits
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
