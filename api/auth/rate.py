"""A rate, and the arithmetic that keeps it: the generic cell rate algorithm (ITU-T I.371, annex A).

All that is remembered of a caller is one moment, at which its allowance would be whole again (the theoretical arrival
time). A request moves it on by one interval; one that would move it further than a window ahead is refused.
"""

from dataclasses import dataclass

BURST_SECONDS = 2.0  # of an address's rate may come at once


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` requests in any `window` seconds, all of them at once if the caller likes. Replies call it `name`."""

    limit: int
    window: float = 60.0
    name: str = "default"

    @property
    def interval(self) -> float:
        """Seconds after which one more request is allowed."""
        return self.window / self.limit


def address_rate(per_minute: int) -> Rate:
    """Of all that comes from one address: in each `BURST_SECONDS` its share of `per_minute`."""
    return Rate(max(1, int(per_minute * BURST_SECONDS / 60)), BURST_SECONDS)


@dataclass(frozen=True, slots=True)
class Ruling:
    """`remaining`: requests allowed at once; `reset`: seconds until all are; `retry_after`: 0 if this one is."""

    rate: Rate
    remaining: int
    reset: float
    retry_after: float

    @property
    def allowed(self) -> bool:
        return self.retry_after == 0.0


def rule(rate: Rate, theoretical_arrival: float, now: float) -> tuple[Ruling, float]:
    """The ruling on a request at `now`, and the caller's new `theoretical_arrival`."""
    after = max(theoretical_arrival, now) + rate.interval
    ahead = after - now
    if ahead > rate.window + 1e-6:  # a microsecond: what sums of floats may be off by
        behind = max(theoretical_arrival - now, 0.0)
        return Ruling(rate, 0, behind, ahead - rate.window), theoretical_arrival
    remaining = int((rate.window - ahead) / rate.interval + 1e-6)
    return Ruling(rate, remaining, ahead, 0.0), after
