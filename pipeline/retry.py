"""When is failed work tried again? (error, failures so far) → decision."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import DiedInCompany, GiveBack, RateLimited, WorkError
from pipeline.states import ErrorCode, WaitingFor

MINUTE, HOUR = 60.0, 3_600.0
BASE_SECONDS = 2.0
MOST_SECONDS = 300.0
RATE_LIMIT_SECONDS = 20.0  # when the provider doesn't say how long
LEAST_SECONDS = 1.0  # when it says "at once"
PROVIDER_WAIT = HOUR  # the longest that a provider may put the next attempt off, where we would come sooner
OUTAGE_SECONDS = 60.0  # the longest pause between two looks whether what was away is back
# After each failed attempt to deliver a webhook; a day and a bit altogether, so that a receiver may be mended.
DELIVERY_DELAYS = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
DELIVERY_WAIT = HOUR  # the longest that a receiver may put the next attempt off, where we would come sooner
DELIVERY_ATTEMPTS = len(DELIVERY_DELAYS) + 1


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Fails for good. `detail`: what more is known than the code says."""

    code: ErrorCode
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Runs again after `delay` seconds. `counts`: whether this attempt used up one of the part's failures.

    `waiting_for`: what is away, if that is why. `held`: seconds for which such an attempt held a slot that others could
    have used; the part comes back so much later in the fair order. `alone`: in a process that it
    shares with no other, from now on.
    """

    delay: float
    counts: bool
    waiting_for: WaitingFor | None = None
    held: float = 0.0
    alone: bool = False


Decision = GiveUp | TryAgain


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Of a kind of work. `decide`: (error, failures before this one, failures that end it, attempt) → decision.

    `attempts`: how many may fail; None: as many as the operator has set.
    """

    decide: Callable[[WorkError, int, int, int], Decision]
    attempts: int | None = None

    def max_failures(self, setting: int) -> int:
        return setting if self.attempts is None else self.attempts


def decide(error: WorkError, failures: int, max_failures: int, attempt: int = 1) -> Decision:
    """`failures`: before this one. The delay doubles with each, spread by a random quarter. `attempt`: from 1."""
    if isinstance(error, GiveBack):
        return TryAgain(0.0, counts=False)
    if isinstance(error, DiedInCompany):
        return TryAgain(0.0, counts=False, alone=True)
    if isinstance(error, RateLimited):
        return TryAgain(_spread(rate_limit_wait(error.retry_after, attempt)), counts=False)
    if error.waiting_for is not None:
        wait = outage_wait(error.retry_after, attempt)
        return TryAgain(_spread(wait), counts=False, waiting_for=error.waiting_for)
    if not error.retryable or failures + 1 >= max_failures:
        return GiveUp(error.code, error.more)
    backoff = min(BASE_SECONDS * 2.0**failures, MOST_SECONDS)
    asked = min(error.retry_after or 0.0, PROVIDER_WAIT)
    return TryAgain(_spread(max(backoff, asked)), counts=True)


def rate_limit_wait(asked: float | None, attempt: int) -> float:
    """Seconds to leave a provider alone that limits the rate, after the `attempt`-th attempt at the work.

    These attempts cost no failure, so one that says "at once" for ever would be asked for ever: what it asks for counts
    only above a second, which doubles with each attempt, up to the wait without a word of it.
    """
    if asked is None:
        return RATE_LIMIT_SECONDS
    least = min(LEAST_SECONDS * 2.0 ** min(attempt - 1, 10), RATE_LIMIT_SECONDS)
    return min(max(asked, least), PROVIDER_WAIT)


def outage_wait(asked: float | None, attempt: int) -> float:
    """Seconds until the next look whether what was away is back, after the `attempt`-th attempt at the work.

    1, 2, 4 and so on up to a minute: so an outage of any length ends for a part within a minute of its end, and ten
    thousand parts that wait for it cost little meanwhile.
    """
    pause = min(2.0 ** min(attempt - 1, 10), OUTAGE_SECONDS)
    return max(pause, min(asked or 0.0, PROVIDER_WAIT))


def within_patience(error: WorkError, decision: Decision, waited: float, patience: float) -> Decision:
    """The same, unless it is to wait for an outage that has lasted for longer than the operator's patience.

    `waited`: seconds since the part met it, in which it had no answer. Then it fails with the error's own code.
    """
    outage = isinstance(decision, TryAgain) and decision.waiting_for is not None
    return GiveUp(error.code) if outage and waited > patience else decision


def decide_delivery(
    error: WorkError, failures: int, max_failures: int = DELIVERY_ATTEMPTS, _attempt: int = 1
) -> Decision:
    """The same for a webhook, whose receiver has a day, and may ask for longer pauses than ours."""
    if isinstance(error, GiveBack):
        return TryAgain(0.0, counts=False)
    if not error.retryable or failures + 1 >= max_failures:
        return GiveUp(error.code)
    asked = min(error.retry_after or 0.0, DELIVERY_WAIT)
    return TryAgain(_spread(max(DELIVERY_DELAYS[failures], asked)), counts=True)


def _spread(seconds: float) -> float:
    return seconds * random.uniform(1.0, 1.25)  # noqa: S311 - keeps retries apart; no secret hangs on it


WORK_RETRY = RetryPolicy(decide)
DELIVERY_RETRY = RetryPolicy(decide_delivery, DELIVERY_ATTEMPTS)
