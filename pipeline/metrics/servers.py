"""What a process has with the servers that it uses: Postgres, Redis, language models, receivers of webhooks."""

from prometheus_client import Counter, Gauge, Histogram

from pipeline.metrics.registry import REGISTRY
from pipeline.states import ErrorCode

CALLS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)  # seconds

# `pool`: `main`, or `heartbeat`, which renews leases
connections_in_use = Gauge(
    "smelt_database_connections_in_use",
    "Connections to Postgres with a transaction.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
connections_most = Gauge(
    "smelt_database_connections_most",
    "Connections to Postgres that there may be.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
database_errors = Counter(
    "smelt_database_errors",
    "Transactions that Postgres didn't make: away, no_connection (all are in use), lock_timeout, schema.",
    ("kind",),
    registry=REGISTRY,
)
redis_away = Gauge(
    "smelt_redis_away",
    "Processes that can't reach Redis.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
llm_calls = Counter(
    "smelt_llm_calls",
    "Calls of a language model: answered, too_long, or the code by which they failed.",
    ("outcome",),
    registry=REGISTRY,
)
llm_call_seconds = Histogram(
    "smelt_llm_call_seconds",
    "Seconds of a call of a language model, however it ended.",
    buckets=CALLS,
    registry=REGISTRY,
)
llm_tokens = Counter(
    "smelt_llm_tokens",
    "Tokens that language models read and wrote; estimated where the server doesn't tell.",
    ("direction",),
    registry=REGISTRY,
)
# `server`: `content_store`, `language_model`
circuits_open = Gauge(
    "smelt_circuits_open",
    "Circuits of these processes that are open: their server is away, and is tried by one call a pause.",
    ("server",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
calls_put_off = Counter(
    "smelt_calls_put_off",
    "Calls of a server that weren't made, because its circuit was open.",
    ("server",),
    registry=REGISTRY,
)
webhook_replies = Counter(
    "smelt_webhook_replies",
    "Replies to webhooks: 2xx to 5xx, none, or refused (an address that may not be reached).",
    ("reply",),
    registry=REGISTRY,
)

for _kind in ("away", "no_connection", "lock_timeout", "schema"):
    database_errors.labels(_kind)  # from 0, so that the first is a rise


def expect_calls() -> None:
    """This process calls language models: as `database_errors`."""
    for outcome in ("answered", "too_long", *ErrorCode):
        llm_calls.labels(outcome)
    for direction in ("read", "written"):
        llm_tokens.labels(direction)


def note_tokens(read: int, written: int) -> None:
    llm_tokens.labels("read").inc(read)
    llm_tokens.labels("written").inc(written)


def expect_replies() -> None:
    """This process sends webhooks."""
    for reply in ("2xx", "3xx", "4xx", "5xx", "none", "refused"):
        webhook_replies.labels(reply)
