"""When a call of a half-done synthesis is made again on the spot.

A synthesis of one call simply fails, and the work is scheduled anew. One of many calls would throw away the
answers that it has, and under a limit of tokens a minute it would fail at the same place every time; so once
an answer is in hand, later calls wait a little and try again.
"""

from pipeline.errors import RateLimited, WorkError

LONGEST_WAIT = 60.0  # seconds; who is asked to wait longer gives the work back instead of holding a slot
_RATE_LIMIT_TRIES = 10
_ERROR_TRIES = 2
_DEFAULT_WAIT = 5.0


def retry_delay(error: WorkError, tries: int) -> float | None:
    """Seconds to wait before a call that failed `tries` times (1 the first time) is made again; None: give up."""
    if not error.retryable:
        return None
    most = _RATE_LIMIT_TRIES if isinstance(error, RateLimited) else _ERROR_TRIES
    wait = _DEFAULT_WAIT if error.retry_after is None else error.retry_after
    return wait if tries <= most and wait <= LONGEST_WAIT else None
