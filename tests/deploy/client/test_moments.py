"""Times as people give them."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.client.moments import moment, moment_ahead
from smelt_client import Misused

NOW = datetime(2026, 11, 26, 20, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "ago"),
    [
        ("90m", timedelta(minutes=90)),
        ("3h", timedelta(hours=3)),
        ("2 days ago", timedelta(days=2)),
        ("1 Week", timedelta(weeks=1)),
        ("0m", timedelta()),
    ],
)
def test_so_long_ago(given: str, ago: timedelta) -> None:
    assert moment(given, NOW) == NOW - ago


def test_a_day_is_its_first_local_moment() -> None:
    now = NOW.astimezone()
    for given, days in (("today", 0), ("Yesterday", 1)):
        told = moment(given, now)
        assert (told.hour, told.minute, told.second, told.microsecond) == (0, 0, 0, 0)
        assert told.date() == (now - timedelta(days=days)).date()
        assert told.tzinfo is not None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2026-11-02T09:30:00+02:00", "2026-11-02T07:30:00+00:00"),
        ("2026-11-02T09:30Z", "2026-11-02T09:30:00+00:00"),
    ],
)
def test_a_time_with_its_zone_is_that_time(given: str, told: str) -> None:
    assert moment(given, NOW).astimezone(UTC).isoformat() == told


def test_a_time_without_a_zone_is_local() -> None:
    assert moment("2026-11-02", NOW) == datetime(2026, 11, 2).astimezone()


@pytest.mark.parametrize(
    "given", ["", "soon", "3 fortnights", "2026-13-01", "999999 weeks", "0001-01-01", "yesterdayish"]
)
def test_what_is_no_time_is_wrongly_called(given: str) -> None:
    with pytest.raises(Misused, match="is no time"):
        moment(given, NOW.astimezone())


@pytest.mark.parametrize(
    ("given", "ahead"),
    [("90m", timedelta(minutes=90)), ("in 2 days", timedelta(days=2)), ("12 weeks", timedelta(weeks=12))],
)
def test_so_long_from_now(given: str, ahead: timedelta) -> None:
    assert moment_ahead(given, NOW) == NOW + ahead


def test_tomorrow_and_a_day_to_come_are_their_first_local_moments() -> None:
    now = NOW.astimezone()
    assert moment_ahead("Tomorrow", now) == moment("today", now + timedelta(days=1))
    assert moment_ahead("2027-01-31", now) == datetime(2027, 1, 31).astimezone()


@pytest.mark.parametrize(
    ("given", "said"),
    [("2 days ago", "is no time"), ("soon", "is no time"), ("2020-01-01", "is past"), ("0m", "is past")],
)
def test_what_is_not_to_come_is_wrongly_called(given: str, said: str) -> None:
    with pytest.raises(Misused, match=said):
        moment_ahead(given, NOW.astimezone())
