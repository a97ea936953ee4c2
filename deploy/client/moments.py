"""Times as people give them: `yesterday`, `3h`, `2 days ago`, `2026-11-02`, `2026-11-02T09:30`; ahead, `90 days`."""

import re
from datetime import datetime, timedelta

from smelt_client import Misused

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = r"(\d{1,6}) ?(m|min|minutes?|h|hours?|d|days?|w|weeks?)"
_AGO = re.compile(f"{_SPAN}( ago)?", re.ASCII | re.IGNORECASE)
_AHEAD = re.compile(f"(?:in )?{_SPAN}", re.ASCII | re.IGNORECASE)
_DAYS = {"today": 0, "yesterday": 1}
_TOMORROW = "tomorrow"


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


def moment_ahead(given: str, now: datetime) -> datetime:
    """As above, of what is to come. Raises Misused."""
    words = " ".join(given.split())
    try:
        told = _read_ahead(words, now)
    except (ValueError, OverflowError):
        raise Misused(
            f"{given} is no time: give `90 days`, `12h`, `tomorrow`, `2027-01-31` or `2027-01-31T09:30`"
        ) from None
    if told <= now:
        raise Misused(f"{given} is past already")
    return told


def _read_ahead(words: str, now: datetime) -> datetime:
    """Raises ValueError, OverflowError."""
    if words.lower() == _TOMORROW:
        return _midnight(now + timedelta(days=1))
    if found := _AHEAD.fullmatch(words):
        return now + _span(found[1], found[2])
    return _dated(words)


def _read(words: str, now: datetime) -> datetime:
    """Raises ValueError, OverflowError."""
    if words.lower() in _DAYS:
        return _midnight(now - timedelta(days=_DAYS[words.lower()]))
    if found := _AGO.fullmatch(words):
        return now - _span(found[1], found[2])
    return _dated(words)


def _span(number: str, unit: str) -> timedelta:
    return timedelta(**{_UNITS[unit[0].lower()]: int(number)})


def _dated(words: str) -> datetime:
    told = datetime.fromisoformat(words)
    return told if told.tzinfo else told.astimezone()


def _midnight(moment: datetime) -> datetime:
    """The local one, whatever the clocks did since."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None).astimezone()
