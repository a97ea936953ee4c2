"""What the reconciler did, and what it reads in Postgres: the state of the queues, whatever runs.

Each reconciler tells the same figures: over several of them `max` is right, `sum` isn't.
"""

from prometheus_client import Counter, Gauge, Histogram

from pipeline.metrics.registry import REGISTRY

ROUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)  # seconds

_QUEUE = ("queue", "tier")  # the tier is empty for maintenance
ready = Gauge("smelt_queue_ready", "Pieces of work that may be claimed.", _QUEUE, registry=REGISTRY)
oldest_ready = Gauge(
    "smelt_queue_oldest_ready_seconds",
    "Seconds for which the one of them that is ready the longest has been; 0 where none is.",
    _QUEUE,
    registry=REGISTRY,
)
running = Gauge("smelt_queue_running", "Pieces of work that a worker has claimed.", _QUEUE, registry=REGISTRY)
waiting = Gauge(
    "smelt_queue_waiting",
    "Pieces of work that wait for their time: for a retry, a rate limit, or the end of an outage.",
    _QUEUE,
    registry=REGISTRY,
)
outage_parts = Gauge(
    "smelt_outage_parts",
    "Parts that wait because a server is away: content_store or language_model.",
    ("server",),
    registry=REGISTRY,
)
outage_seconds = Gauge(
    "smelt_outage_seconds",
    "Seconds for which the part that has waited longest for a server has; 0 where none waits.",
    ("server",),
    registry=REGISTRY,
)
outage_patience = Gauge(
    "smelt_outage_patience_seconds",
    "Seconds of an outage after which a part that waits for its end fails: SMELT_OUTAGE_PATIENCE.",
    registry=REGISTRY,
)
lag = Gauge(
    "smelt_reconciler_lag_seconds",
    "Seconds for which the most overdue lease, retry or content's deadline has been so; 0 where none is.",
    ("of",),
    registry=REGISTRY,
)
content_bytes = Gauge(
    "smelt_content_input_bytes", "Bytes of inputs whose content isn't deleted yet.", registry=REGISTRY
)
content_overdue = Gauge(
    "smelt_content_overdue_smelts",
    "Smelts past their content's deadline whose content isn't deleted yet.",
    registry=REGISTRY,
)
figures_read = Gauge(
    "smelt_queue_figures_timestamp_seconds",
    "When the figures of the queues were read; while they can't be, there are none.",
    registry=REGISTRY,
)

rounds = Counter(
    "smelt_reconciler_rounds", "Rounds of the reconciler's loops: work, purge.", ("loop",), registry=REGISTRY
)
round_seconds = Histogram(
    "smelt_reconciler_round_seconds", "Seconds of a round.", ("loop",), buckets=ROUNDS, registry=REGISTRY
)
last_round = Gauge(
    "smelt_reconciler_last_round_timestamp_seconds",
    "When the last round ended in which nothing failed.",
    ("loop",),
    registry=REGISTRY,
)
steps_done = Counter(
    "smelt_reconciler_done",
    "Rows that a step rescued, let run, scheduled, notified of or purged.",
    ("step",),
    registry=REGISTRY,
)
steps_failed = Counter(
    "smelt_reconciler_step_failures",
    "Steps that failed, and are tried again in the next round.",
    ("step",),
    registry=REGISTRY,
)
rescues = Counter(
    "smelt_work_rescues",
    "Pieces of work taken from a worker that fell silent.",
    ("queue",),
    registry=REGISTRY,
)


def note_round(loop: str, seconds: float, *, whole: bool) -> None:
    """`whole`: nothing failed in it."""
    rounds.labels(loop).inc()
    round_seconds.labels(loop).observe(seconds)
    if whole:
        last_round.labels(loop).set_to_current_time()
