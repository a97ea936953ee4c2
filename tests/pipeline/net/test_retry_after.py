"""`Retry-After` as servers write it, and as those do who mean harm."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipeline.net.retry_after import LONGEST, retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *((None, None), ("", None), ("soon", None), ("nan", None), ("inf", None)),
        *(("0", 0.0), ("1.5", 1.5), ("120", 120.0), ("-4", 0.0), ("9" * 300, LONGEST), ("9" * 400, None)),
        *(("Sun, 06 Nov 1994 08:49:37 GMT", 0.0), ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST)),
        *(("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None), ("Sun, 06 Nov 2040 99:49:37 GMT", None)),
    ],
)
def test_it_is_understood_or_passed_over(text: str | None, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_a_date_is_so_many_seconds_away() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    assert retry_after(date) == pytest.approx(300, abs=5)
