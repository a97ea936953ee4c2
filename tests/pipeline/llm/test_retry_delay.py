"""How long a call waits before it is made again."""

import pytest

from pipeline.errors import RateLimited, WorkError
from pipeline.llm.retry_delay import retry_delay
from pipeline.states import ErrorCode

UNAVAILABLE = WorkError(ErrorCode.API_UNAVAILABLE, retryable=True)


@pytest.mark.parametrize(
    ("error", "tries", "wait"),
    [
        (RateLimited(7.0), 1, 7.0),
        (RateLimited(0.0), 1, 0.0),
        (RateLimited(), 10, 5.0),
        (RateLimited(), 11, None),
        (RateLimited(61.0), 1, None),
        (UNAVAILABLE, 1, 5.0),
        (UNAVAILABLE, 3, None),
        (WorkError(ErrorCode.API_KEY_INVALID), 1, None),
    ],
)
def test_how_long_a_call_waits_for_its_next_try(error: WorkError, tries: int, wait: float | None) -> None:
    assert retry_delay(error, tries) == wait
