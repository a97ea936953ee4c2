"""Claims, and how attempts end: counted by the worker that makes them. `queue`: the table's, and so the pool's."""

from enum import StrEnum
from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram

from pipeline.metrics.registry import REGISTRY
from pipeline.states import ErrorCode

WAITS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400)  # seconds
WORKS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400)  # seconds
CLAIMS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)  # seconds


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"  # for good
    AGAIN = "again"  # a failure is counted, and it is tried again
    PUT_OFF = "put_off"  # tried again, and no failure is counted
    OUTAGE = "outage"  # the content store or the language model's server is away
    GIVEN_BACK = "given_back"  # the process stops, or the slot is for shorter work
    LOST = "lost"  # canceled, deleted, or taken over by another
    UNRECORDED = "unrecorded"  # Postgres was away at its end: the lease runs out


class Ending(NamedTuple):
    outcome: Outcome
    code: ErrorCode | None = None


_WITH_CODE = (Outcome.FAILED, Outcome.AGAIN, Outcome.PUT_OFF, Outcome.OUTAGE)

claims = Counter("smelt_work_claims", "Pieces of work claimed.", ("queue",), registry=REGISTRY)
claim_seconds = Histogram(
    "smelt_work_claim_seconds",
    "Seconds of a claim that found work: a look at the queue's head, and a commit.",
    ("queue",),
    buckets=CLAIMS,
    registry=REGISTRY,
)
wait_seconds = Histogram(
    "smelt_work_wait_seconds",
    "Seconds from when a piece of work became ready to its claim.",
    ("queue",),
    buckets=WAITS,
    registry=REGISTRY,
)
attempts = Counter(
    "smelt_work_attempts",
    "Attempts that have ended: how, and with which code.",
    ("queue", "outcome", "code"),
    registry=REGISTRY,
)
attempt_seconds = Histogram(
    "smelt_work_attempt_seconds",
    "Seconds from a claim to the attempt's end, however it ended.",
    ("queue",),
    buckets=WORKS,
    registry=REGISTRY,
)
under_way = Gauge(
    "smelt_work_under_way",
    "Pieces of work in these processes' hands.",
    ("queue",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
slots = Gauge(
    "smelt_work_slots",
    "Pieces of work that these processes may have in hand at once.",
    ("queue",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
orphans = Counter(
    "smelt_content_orphans",
    "Smelts whose objects were deleted because they had no key any more.",
    registry=REGISTRY,
)


def expect(queue: str, count: int) -> None:
    """This process works for `queue`, on `count` pieces at once. All series begin at 0, so that the first is a rise."""
    slots.labels(queue).set(count)
    for series in (claims, claim_seconds, wait_seconds, attempt_seconds, under_way):
        series.labels(queue)
    for outcome in Outcome:
        for code in ErrorCode if outcome in _WITH_CODE else ("",):
            attempts.labels(queue, outcome, code)


def note_claim(queue: str, waited: float, took: float) -> None:
    """`waited`: seconds that the row was ready. `took`: seconds of the claim itself."""
    claims.labels(queue).inc()
    wait_seconds.labels(queue).observe(waited)
    claim_seconds.labels(queue).observe(took)


def note_end(queue: str, ending: Ending, seconds: float) -> None:
    """`seconds`: since the claim."""
    attempts.labels(queue, ending.outcome, ending.code or "").inc()
    attempt_seconds.labels(queue).observe(seconds)
