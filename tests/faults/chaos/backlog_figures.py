"""What a run on a backlog has shown, and the bounds that it must keep."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from db.work.files import FILES
from db.work.outputs import OUTPUTS
from tests.faults.chaos.backlog_load import Steps
from tests.faults.chaos.invariants import Verdict

MB = 1_000_000
MOST_TIMES = 2.0  # a claim's p99 on the large backlog against the small one
MOST_GROWTH = 1.5  # of dead rows, from the second third of the run to the last
FEW_DEAD = 2_000  # rows: below that they may grow as they like
MOST_MEMORY = 5.0  # MB that a process may grow by, from the second third to the last


@dataclass(frozen=True)
class Sample:
    """`dead`: rows by table. `claim_index`: bytes, of the large backlog's. `memory`: bytes by process."""

    at: float
    dead: dict[str, int]
    claim_index: int
    memory: dict[str, int]


@dataclass(frozen=True)
class Peak:
    """The highest of something in the second third of a run, and in its last."""

    second: float
    last: float

    def __str__(self) -> str:
        return f"{self.second:,.0f} → {self.last:,.0f}"


@dataclass(frozen=True)
class Figures:
    """Milliseconds; `small`, `large`: of a claim from that backlog. `rate`: posts a second."""

    verdict: Verdict
    posts: int
    seconds: float
    rate: float
    post_p50: float
    post_p99: float
    small_p50: float
    small_p99: float
    large_p50: float
    large_p99: float
    dead: dict[str, Peak]
    claim_index_mb: Peak
    memory_mb: dict[str, Peak]

    @property
    def times(self) -> float:
        return self.large_p99 / self.small_p99

    def told(self) -> dict[str, str]:
        """For the report."""
        growths = {name: peak.last - peak.second for name, peak in self.memory_mb.items()}
        fastest = max(growths, key=lambda name: growths[name])
        return {
            "posts": (
                f"{self.rate:.0f} a second for {self.seconds:.0f} s, through the service's admission "
                "functions in processes of the test's own, not over HTTP"
            ),
            "admission p99": f"{self.post_p99:.1f} ms",
            "claim p99": (
                f"{self.large_p99:.1f} ms from the large backlog, {self.small_p99:.1f} ms from the small one "
                f"beside it: {self.times:.2f} times"
            ),
            "dead rows, most in the second third → in the last": ", ".join(
                f"{name} {peak}" for name, peak in self.dead.items()
            ),
            "claim index": f"{self.claim_index_mb} MB",
            "memory": f"{fastest} grew most, by {growths[fastest]:.1f} MB",
        }

    def judge(self, rate: float) -> None:
        """Raises AssertionError where a bound doesn't hold."""
        assert self.rate >= 0.95 * rate, f"the load was {self.rate:.0f} posts a second instead of {rate:g}"
        assert self.times <= MOST_TIMES, f"{self.times:.1f} times: {self}"
        for name, peak in self.dead.items():
            assert peak.last <= max(MOST_GROWTH * peak.second, FEW_DEAD), f"dead rows of {name}: {peak}"
        assert self.claim_index_mb.last <= MOST_GROWTH * self.claim_index_mb.second, self.claim_index_mb
        for name, peak in self.memory_mb.items():
            assert peak.last <= peak.second + MOST_MEMORY, f"memory of {name}: {peak}"


def figures(steps: dict[str, Steps], samples: Sequence[Sample], verdict: Verdict) -> Figures:
    """Of the time in which samples were taken."""
    begun, over = samples[0].at, samples[-1].at
    taken = {
        name: sorted(seconds * 1e3 for at, seconds in all_steps if begun <= at <= over)
        for name, all_steps in steps.items()
    }
    posts, small, large = taken["post"], taken[FILES.name], taken[OUTPUTS.name]
    return Figures(
        verdict=verdict,
        posts=len(posts),
        seconds=over - begun,
        rate=len(posts) / (over - begun),
        post_p50=statistics.median(posts),
        post_p99=_p99(posts),
        small_p50=statistics.median(small),
        small_p99=_p99(small),
        large_p50=statistics.median(large),
        large_p99=_p99(large),
        dead={name: _peak([sample.dead[name] for sample in samples]) for name in samples[0].dead},
        claim_index_mb=_peak([sample.claim_index / MB for sample in samples]),
        memory_mb={
            name: _peak([sample.memory[name] / MB for sample in samples]) for name in samples[0].memory
        },
    )


def _peak(series: Sequence[float]) -> Peak:
    third = max(1, len(series) // 3)
    return Peak(max(series[third : 2 * third]), max(series[2 * third :]))


def _p99(ordered: Sequence[float]) -> float:
    return ordered[int(len(ordered) * 0.99)]
