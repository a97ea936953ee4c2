"""Fair tags: who is served next when tenants share a queue.

Start-time fair queueing (Goyal, Vin, Cheng 1996): each piece of work gets a tag, and the smallest tag is claimed
first. A tenant's next tag follows her last one by the cost of the work, so a thousand files of one tenant spread
out over tags that others' work falls between; one who was idle starts at the queue's present virtual time `v`,
and so neither saves up turns nor pays for time in which nobody waited. Costs are estimated seconds of work.
"""

from collections.abc import Iterable
from itertools import accumulate

BYTES_PER_SECOND = 16_000  # of recordings at 128 kbit/s, until probing tells
CHARACTERS_PER_SECOND = 1_000  # that a language model reads, roughly
CALL_SECONDS = 2.0  # of any call, however short its input


def tags(last_tag: float, v: float, costs: Iterable[float], weight: float = 1.0) -> list[float]:
    """One tag for each cost, in order. `last_tag`: the tenant's; `weight`: her share against others' (> 0)."""
    start = max(last_tag, v)
    return [start + total / weight for total in accumulate(costs)]


def transcription_cost(size_bytes: int) -> float:
    return 1.0 + size_bytes / BYTES_PER_SECOND


def synthesis_cost(size_bytes: int) -> float:
    return CALL_SECONDS + size_bytes / CHARACTERS_PER_SECOND
