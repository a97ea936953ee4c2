"""When is failed work tried again? (error, failures so far) → decision."""

import random
from dataclasses import dataclass

from pipeline.errors import GiveBack, RateLimited, WorkError
from pipeline.states import ErrorCode

BASE_SECONDS = 2.0
MOST_SECONDS = 300.0
RATE_LIMIT_SECONDS = 20.0  # when the provider doesn't say how long

MINUTE, HOUR = 60.0, 3_600.0
# After each failed attempt to deliver a webhook; a day and a bit altogether, so that a receiver may be mended.
DELIVERY_DELAYS = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
DELIVERY_WAIT = HOUR  # the longest that a receiver may put the next attempt off, where we would come sooner
DELIVERY_ATTEMPTS = len(DELIVERY_DELAYS) + 1


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Fails for good."""

    code: ErrorCode


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Runs again after `delay` seconds. `counts`: whether this attempt used up one of the part's failures."""

    delay: float
    counts: bool


Decision = GiveUp | TryAgain


def decide(error: WorkError, failures: int, max_failures: int) -> Decision:
    """`failures`: before this one. The delay doubles with each, spread by a random quarter."""
    if isinstance(error, GiveBack):
        return TryAgain(0.0, counts=False)
    if isinstance(error, RateLimited):
        wait = RATE_LIMIT_SECONDS if error.retry_after is None else error.retry_after
        return TryAgain(_spread(min(wait, MOST_SECONDS)), counts=False)
    if not error.retryable or failures + 1 >= max_failures:
        return GiveUp(error.code)
    backoff = BASE_SECONDS * 2.0**failures
    return TryAgain(_spread(min(max(backoff, error.retry_after or 0.0), MOST_SECONDS)), counts=True)


def decide_delivery(error: WorkError, failures: int) -> Decision:
    """The same for a webhook, whose receiver has a day, and may ask for longer pauses than ours."""
    if isinstance(error, GiveBack):
        return TryAgain(0.0, counts=False)
    if not error.retryable or failures >= len(DELIVERY_DELAYS):
        return GiveUp(error.code)
    asked = min(error.retry_after or 0.0, DELIVERY_WAIT)
    return TryAgain(_spread(max(DELIVERY_DELAYS[failures], asked)), counts=True)


def _spread(seconds: float) -> float:
    return seconds * random.uniform(1.0, 1.25)  # noqa: S311 - keeps retries apart; no secret hangs on it
