"""Smelts taken in, refused and ended: the first and the last once the transaction has committed (`db/changes.py`)."""

from prometheus_client import Counter, Histogram

from pipeline.metrics.registry import REGISTRY
from pipeline.states import SmeltStatus, Tier

SMELT_SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400)

reservations = Counter(
    "smelt_reservations",
    "Smelts for which something was taken of an allowance, or nothing had to be: at a post, or a retry.",
    ("tier",),
    registry=REGISTRY,
)
refusals = Counter(
    "smelt_refusals",
    "Posts and retries refused because an allowance was used up.",
    ("code",),
    registry=REGISTRY,
)
problem_replies = Counter(
    "smelt_http_problems", "Replies other than success, by their code.", ("code",), registry=REGISTRY
)
settlements = Counter(
    "smelt_settlements",
    "Smelts that have ended, and whether they were charged.",
    ("tier", "status", "charged"),
    registry=REGISTRY,
)
smelt_seconds = Histogram(
    "smelt_settlement_seconds",
    "Seconds from a smelt's post to its end; of a retried one, from its first post.",
    ("status",),
    buckets=SMELT_SECONDS,
    registry=REGISTRY,
)
work_added = Counter(
    "smelt_work_added",
    "Pieces of work that smelts brought along, ready or not.",
    ("queue",),
    registry=REGISTRY,
)

for _tier in Tier:  # all from 0, so that the first is a rise
    reservations.labels(_tier)
    for _status in (status for status in SmeltStatus if status.terminal):
        for _charged in ("yes", "no"):
            settlements.labels(_tier, _status, _charged)


def note_settlement(tier: str, status: str, *, charged: bool, seconds: float) -> None:
    settlements.labels(tier, status, "yes" if charged else "no").inc()
    smelt_seconds.labels(status).observe(seconds)
