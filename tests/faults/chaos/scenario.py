"""What a scenario is, and what it says came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.chaos.invariants import Verdict
from tests.faults.chaos.world import World


@dataclass(frozen=True)
class Result:
    """`recovery`: seconds of the slowest return to work that was watched; from the last fault to the end of all work
    where the scenario watches nothing else. `measured`: what else it saw, by name, for the report. None: not watched.
    """

    name: str
    hits: int  # faults that were made
    verdict: Verdict
    slowest_post: float | None = None  # seconds, of the answered ones
    refusals: int | None = None  # answers of 503
    recovery: float | None = None
    measured: dict[str, str] = field(default_factory=dict)


Scenario = Callable[[int, bool], Result]
"""`(seed, full)`: raises AssertionError where a bound of the scenario's own doesn't hold; the verdict is the caller's
to judge. The short form (not `full`) takes about ten seconds.
"""


def result(name: str, world: World, wait_seconds: float, **measured: str) -> Result:
    """Waits until all work has ended, for `wait_seconds` seconds at the most, and judges."""
    recovery = max(world.settle(wait_seconds), world.slowest_recovery)
    oracle = world.oracle
    return Result(
        name, world.hits, world.judge(), max(oracle.waits), oracle.refusals, recovery, dict(measured)
    )


def worldless(
    name: str, hits: int, *, accepted: int, lost: int = 0, doubled: int = 0, **measured: str
) -> Result:
    """Of a scenario that counts for itself, on parts of the service. `hits`: faults, or cases that were tried."""
    return Result(name, hits, Verdict(accepted, lost, doubled), measured=dict(measured))
