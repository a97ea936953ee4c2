"""More inputs than one smelt takes become several smelts."""

from collections.abc import Sequence
from typing import TypeVar

from pipeline.states import Tier
from smelt_client import Misused
from smelt_client.models import LimitsReply, UsageReply

T = TypeVar("T")


def in_batches(items: Sequence[tuple[T, int]], limits: LimitsReply) -> list[list[T]]:
    """In their order, each batch as full as one smelt may be. `items`: each with its size in bytes.

    One that is larger than any smelt may be has a batch of its own: the service says so.
    """
    batches: list[list[T]] = []
    room = 0
    for item, size in items:
        if not batches or len(batches[-1]) >= limits.inputs or size > room:
            batches.append([])
            room = limits.smelt_bytes
        batches[-1].append(item)
        room -= size
    return batches


def check_batches(inputs: int, batches: int, use: UsageReply, *, combine: bool) -> str | None:
    """What to say of it; None: it is one smelt. Raises Misused where nothing should be sent: it would end half-way."""
    if batches <= 1:
        return None
    if use.tier == Tier.ANONYMOUS:
        raise Misused(
            f"without a token one file can be sent, not {inputs:,}: give one with --token; nothing was sent"
        )
    limits = use.limits
    why = f"one takes {limits.inputs:,} files and {limits.smelt_bytes / 1e6:,.0f} MB"
    if combine:
        raise Misused(f"{inputs:,} files don't go into one smelt, to be combined: {why}; nothing was sent")
    if use.remaining is not None and batches > use.remaining:
        until = f" before {use.resets_at:%F %T}Z" if use.resets_at else ""
        raise Misused(
            f"{inputs:,} files make {batches:,} smelts ({why}), and you may send {use.remaining:,}{until}; "
            "nothing was sent"
        )
    return f"{inputs:,} files make {batches:,} smelts: {why}"
