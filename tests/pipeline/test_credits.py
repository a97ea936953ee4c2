"""Credits under a setting that was changed: what was used stays used."""

import pytest

from pipeline.credits import Credits


@pytest.mark.parametrize(
    ("stored", "weekly", "expected"),
    [
        (Credits(5, 5), 5, Credits(5, 5)),
        (Credits(2, 5), 5, Credits(2, 5)),
        (Credits(0, 5), 8, Credits(3, 8)),  # raised
        (Credits(2, 5), 8, Credits(5, 8)),
        (Credits(4, 5), 3, Credits(2, 3)),  # lowered
        (Credits(1, 5), 3, Credits(0, 4)),  # below what is used
        (Credits(0, 0), 5, Credits(5, 5)),
        (Credits(5, 5), 0, Credits(0, 0)),
        (Credits(40, 5), 5, Credits(40, 5)),  # given by hand
        (Credits(40, 5), 6, Credits(41, 6)),
    ],
)
def test_use_is_kept_and_the_rest_follows_the_setting(
    stored: Credits, weekly: int, expected: Credits
) -> None:
    assert stored.under(weekly) == expected


def test_nothing_is_lost_on_the_way_down_and_up_again() -> None:
    stored = Credits(1, 5)
    assert stored.under(2).under(5) == stored
