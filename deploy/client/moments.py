"""Times as people give them: `yesterday`, `3h`, `2 days ago`, `2026-11-02`, `2026-11-02T09:30`."""

import re
from datetime import datetime, timedelta

from smelt_client import Misused

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6}) ?(m|min|minutes?|h|hours?|d|days?|w|weeks?)( ago)?", re.ASCII | re.IGNORECASE)
_DAYS = {"today": 0, "yesterday": 1}


def moment(given: str, now: datetime) -> datetime:
    """`now`: with its time zone, which the answer has, unless one was given. A day is its first moment.

    Raises Misused.
    """
    words = " ".join(given.split())
    try:
        return _read(words, now)
    except (ValueError, OverflowError):
        raise Misused(
            f"{given} is no time: give `yesterday`, `3h`, `2 days ago`, `2026-11-02` or `2026-11-02T09:30`"
        ) from None


def _read(words: str, now: datetime) -> datetime:
    """Raises ValueError, OverflowError."""
    if words.lower() in _DAYS:
        return _midnight(now - timedelta(days=_DAYS[words.lower()]))
    if found := _AGO.fullmatch(words):
        return now - timedelta(**{_UNITS[found[2][0].lower()]: int(found[1])})
    told = datetime.fromisoformat(words)
    return told if told.tzinfo else told.astimezone()


def _midnight(moment: datetime) -> datetime:
    """The local one, whatever the clocks did since."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None).astimezone()
