"""The fair queue: who is served next when tenants share a queue.

Start-time fair queueing (Goyal, Vin, Cheng 1996): each piece of work gets a finish time, and the smallest finish time
is claimed first. A tenant's next piece starts where the tenant's last one ends, by its cost, so a thousand files of
one tenant spread out over finish times that others' work falls between; one that was idle starts at the queue's
present virtual time, and so neither saves up turns nor pays for time in which nobody waited. Costs are estimated
seconds of work.

A finish time is a piece's start and what of its cost is short: so the small go before the large that start with them,
and yet an estimate, which for recordings may be far too high, keeps nobody waiting for long.
"""

from collections.abc import Sequence
from itertools import accumulate

SHORT_SECONDS = 300.0  # what costs no more finds a slot that is kept for it
SHORT_OUTPUT_SECONDS = 30.0  # the same of outputs: 28 kB of text, read in one call
MOVE_SECONDS = 0.1  # of debt, for each finish time that settling it would move: less isn't worth the writes
BYTES_PER_SECOND = 16_000  # of recordings at 128 kbit/s, until probing tells
SLOW_SECONDS, SLOW_TIMES = (
    10.0,
    4.0,
)  # and times as long as usual: a recording may take so long at its plain cost
CHARACTERS_PER_SECOND = 1_000  # that a language model reads, roughly
CALL_SECONDS = 2.0  # of any call, however short its input


def finish_times(
    last: float, virtual_time: float, costs: Sequence[float], weight: float = 1.0
) -> tuple[list[float], float]:
    """A finish time for each cost, in order, and the tenant's new last finish time: where its next piece starts.

    `last`: the tenant's last finish time; `weight`: its share against others' (> 0).
    """
    starts = list(accumulate((cost / weight for cost in costs), initial=max(last, virtual_time)))
    keys = [start + min(cost, SHORT_SECONDS) / weight for start, cost in zip(starts, costs, strict=False)]
    return keys, starts[-1]


def rows_worth_moving(debt: float) -> int:
    """How many waiting finish times a debt (seconds that a tenant has used beyond its estimates) is worth
    moving for.
    """
    return int(abs(debt) / MOVE_SECONDS)


def settlement(debt: float, first: float, others_first: float | None) -> float:
    """By how much a tenant's waiting finish times move, whose first and whose rivals' first are given (None: no
    rivals).

    A debt moves the finish times back by all of it. What was estimated too high moves them forward, but not past those
    who wait already; and with nobody else waiting there is nobody to be fair to: neither is kept for later.
    """
    if others_first is None:
        return 0.0
    return debt if debt > 0 else min(0.0, max(debt, others_first - first))


def transcription_cost(size_bytes: int) -> float:
    return recording_cost(size_bytes / BYTES_PER_SECOND)


def recording_cost(seconds: float) -> float:
    """Of a recording whose length is known."""
    return 1.0 + seconds


def excess_usage(held: float, pace: float, cost: float) -> float:
    """Seconds of recordings that others lose by one that was worked on for `held` seconds and costs `cost`, where
    `pace` of them are usually done in each second of work. 0 as long as it may be merely slow.
    """
    could_have = held * pace
    return 0.0 if could_have <= SLOW_SECONDS * pace + SLOW_TIMES * cost else could_have - cost


def synthesis_cost(size_bytes: int) -> float:
    return CALL_SECONDS + size_bytes / CHARACTERS_PER_SECOND
