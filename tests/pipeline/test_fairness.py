"""Virtual finish times and what moves them, as arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fairness import SHORT_SECONDS, excess_usage, finish_times, rows_worth_moving, settlement

seconds = st.floats(0, 1e6)
costs = st.lists(st.floats(0.1, 1e5), min_size=1, max_size=30)


TAGS = [
    (0, 0, [10, 20, 30], [10, 30, 60], 60),
    (100, 40, [10], [110], 110),  # the tenant has had its share for now
    (10, 40, [10], [50], 50),  # the tenant was idle: no turns are saved up
    (
        0,
        0,
        [36_000, 10],
        [SHORT_SECONDS, 36_010],
        36_010,
    ),  # a long one need not wait for as long as it lasts
]


@pytest.mark.parametrize(("last_tag", "virtual_time", "costs", "keys", "next_tag"), TAGS)
def test_tags(
    last_tag: float, virtual_time: float, costs: list[float], keys: list[float], next_tag: float
) -> None:
    assert finish_times(last_tag, virtual_time, costs) == (keys, next_tag)


@given(seconds, seconds, costs, costs)
def test_splitting_work_into_two_posts_changes_no_tag(
    last_tag: float, virtual_time: float, first: list[float], second: list[float]
) -> None:
    together, end = finish_times(last_tag, virtual_time, first + second)
    before, between = finish_times(last_tag, virtual_time, first)
    after, apart_end = finish_times(between, virtual_time, second)

    assert before + after == pytest.approx(together)
    assert apart_end == pytest.approx(end)


@given(seconds, seconds, costs, st.floats(0.1, 10))
def test_tags_rise_and_the_next_post_starts_where_this_one_ends(
    last_tag: float, virtual_time: float, costs: list[float], weight: float
) -> None:
    keys, next_tag = finish_times(last_tag, virtual_time, costs, weight)

    assert keys == sorted(keys)
    assert next_tag == pytest.approx(max(last_tag, virtual_time) + sum(costs) / weight)
    assert keys[0] <= max(last_tag, virtual_time) + SHORT_SECONDS / weight  # whatever the estimate says


@pytest.mark.parametrize(
    ("debt", "first", "others_first", "move"),
    [
        (500, 100, 120, 500),  # use beyond the estimate comes off the next turns, all of it
        (500, 100, None, 0),  # while nobody else waits, nobody goes short
        (-500, 1_000, 200, -500),  # what was charged too much comes back
        (-500, 1_000, 800, -200),  # but not past those who wait
        (-500, 100, 120, 0),
        (-500, 100, None, 0),
    ],
)
def test_a_debt_is_settled(debt: float, first: float, others_first: float | None, move: float) -> None:
    assert settlement(debt, first, others_first) == move


def test_a_small_debt_moves_few_tags() -> None:
    assert rows_worth_moving(0.01) == 0
    assert rows_worth_moving(-100) == rows_worth_moving(100) == 1_000


@pytest.mark.parametrize(
    ("held", "pace", "cost", "lost"),
    [
        (6, 10, 60, 0),  # as usual
        (34, 10, 60, 0),  # merely slow
        (35, 10, 60, 290),  # others could have had 350 seconds heard meanwhile
        (9, 100, 1, 0),  # what is short takes longer than its seconds say
        (300, 10, 2, 2_998),  # it hangs
        (300, 0, 2, 0),
    ],
)
def test_what_takes_far_longer_than_usual_costs_more(
    held: float, pace: float, cost: float, lost: float
) -> None:
    assert excess_usage(held, pace, cost) == lost
