"""More than one smelt takes becomes several."""

from datetime import UTC, datetime

import pytest

from deploy.client.batches import check_batches, in_batches
from pipeline.states import Tier
from smelt_client import Misused
from smelt_client.models import LimitsReply, UsageReply


def limits(inputs: int, smelt_bytes: int) -> LimitsReply:
    return LimitsReply(
        inputs=inputs,
        audio_bytes=10,
        audio_seconds=10,
        text_bytes=10,
        smelt_bytes=smelt_bytes,
        combine=True,
        own_prompts=True,
    )


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1, 1, 1], [[0, 1, 2]]),
        ([1, 1, 1, 1, 1], [[0, 1, 2], [3, 4]]),
        ([6, 4, 1], [[0, 1], [2]]),
        ([6, 5, 5], [[0], [1, 2]]),
        ([30, 1], [[0], [1]]),  # the first is refused by itself
        ([], []),
    ],
)
def test_each_is_as_full_as_one_may_be_in_the_order_given(
    sizes: list[int], expected: list[list[int]]
) -> None:
    assert in_batches(list(enumerate(sizes)), limits(3, 10)) == expected


def usage(remaining: int | None, tier: Tier = Tier.CREDITS) -> UsageReply:
    resets = datetime(2026, 11, 30, tzinfo=UTC)
    return UsageReply(tier=tier, remaining=remaining, resets_at=resets, limits=limits(3, 10_000_000))


def test_several_are_told_with_the_reason() -> None:
    assert check_batches(5, 1, usage(1), combine=True) is None
    said = "5 files make 2 smelts: one takes 3 files and 10 MB"
    assert check_batches(5, 2, usage(2), combine=False) == said
    assert check_batches(5, 2, usage(None), combine=False) == said


@pytest.mark.parametrize(
    ("use", "combine", "said"),
    [
        (usage(5), True, "don't go into one smelt"),
        (usage(1), False, "you may send 1 before 2026-11-30 00:00:00Z; nothing was sent"),
        (usage(9, Tier.ANONYMOUS), False, "without a token one file can be sent"),
    ],
)
def test_what_would_end_half_way_is_not_begun(use: UsageReply, combine: bool, said: str) -> None:
    with pytest.raises(Misused, match=said):
        check_batches(5, 2, use, combine=combine)
