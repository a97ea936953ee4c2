"""Fairness, on the real admission and claims: each play fills a queue, has it worked off and says what came of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from pipeline.states import SmeltMode
from tests.faults.chaos.fair_queue_harness import FairQueueHarness, Served

POINTS = 0.05  # that a share may differ from what is due


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and between which bounds it must lie."""

    name: str
    value: float
    at_least: float
    at_most: float

    @property
    def holds(self) -> bool:
        return self.at_least <= self.value <= self.at_most

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.at_least:.3g} to {self.at_most:.3g})"


def crowd(harness: FairQueueHarness, chance: random.Random, *, full: bool) -> list[Figure]:
    """A has 10,000 files; C posts 300 smelts of one, D one smelt of 300; then B comes with three.

    A fifth of all that in the short form.
    """
    minute = [60.0]
    thousands, parts = (10, 300) if full else (2, 60)
    for _ in range(thousands):
        harness.post("a", minute * 1_000)
    for n in range(parts):
        harness.post("c", minute, mode=SmeltMode.COMBINE if n % 2 else SmeltMode.SEPARATE)
    harness.post("d", minute * parts)
    harness.claims(chance.randint(20, 40))
    harness.post("b", minute * 3)
    until_last = _claims_until(harness, "b", 3)
    window = harness.claims(750 if full else 120)
    return [
        Figure("claims until B's last file", until_last, 3, 2 * harness.slots * 4),
        *_equal_shares(window, "acd"),
    ]


def lengths(harness: FairQueueHarness, chance: random.Random, *, full: bool) -> list[Figure]:
    """One tenant's recordings last ten hours, the other's ten minutes (an hour in the short form)."""
    long, short = 36_000.0, 600.0 if full else 3_600.0
    harness.post("long", [long] * 14)
    for _ in range(max(1, int(14 * long / short) // 1_000)):
        harness.post("short", [short * chance.uniform(0.9, 1.1) for _ in range(1_000 if full else 140)])
    return _equal_shares(_until_seconds(harness, 20 * long), ("long", "short"))


def misjudged(harness: FairQueueHarness, chance: random.Random, *, full: bool) -> list[Figure]:
    """One tenant's files look a hundred times shorter than they are, another's a hundred times longer."""
    count = 1_000 if full else 60
    for _ in range(2):
        harness.post("small", [100.0] * count, looks_like=0.01)
        harness.post("large", [100.0] * count, looks_like=100.0)
        harness.post("true", [100.0 * chance.uniform(0.9, 1.1) for _ in range(count)])
    return _equal_shares(harness.claims(1_500 if full else 150), ("small", "large", "true"))


def newcomers(harness: FairQueueHarness, chance: random.Random, *, full: bool) -> list[Figure]:
    """Somebody new comes for every third claim. A has the rest, and never waits long."""
    harness.post("a", [60.0] * 1_000)
    made: list[Served] = []
    count = 1_200 if full else 120
    for n in range(count):
        if n % 3 == 0:
            harness.post(f"ip:{n}", [chance.uniform(30, 90)])
        made += harness.claims(1)
    served = [n for n, one in enumerate(made) if one.name == "a"]
    longest_wait = max(after - before for before, after in pairwise(served))
    return [
        Figure("A's share beside newcomers", len(served) / count, 2 / 3 - POINTS, 1.0),
        Figure("claims between two of A's", longest_wait, 1, 6),
    ]


class Play(Protocol):
    __name__: str

    def __call__(self, harness: FairQueueHarness, chance: random.Random, *, full: bool) -> list[Figure]: ...


PLAYS: tuple[Play, ...] = (crowd, lengths, misjudged, newcomers)


def _claims_until(harness: FairQueueHarness, name: str, count: int) -> int:
    """How many claims it takes until `count` of the tenant's are made."""
    made = 0
    while count:
        served = harness.claim()
        assert served is not None, f"the work is over, and {name} was not served"
        made += 1
        count -= served.name == name
    return made


def _until_seconds(harness: FairQueueHarness, seconds: float) -> list[Served]:
    """Claims until so many seconds of recordings were taken."""
    made: list[Served] = []
    while sum(one.seconds for one in made) < seconds:
        made += harness.claims(1)
    return made


def _equal_shares(window: Sequence[Served], names: Sequence[str]) -> list[Figure]:
    """Each one's share of the seconds, which must be the same for all."""
    total = sum(one.seconds for one in window)
    due = 1 / len(names)
    return [
        Figure(
            f"share of {name}",
            sum(one.seconds for one in window if one.name == name) / total,
            due - POINTS,
            due + POINTS,
        )
        for name in names
    ]
