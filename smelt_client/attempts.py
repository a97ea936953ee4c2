"""Whether a call is made again, and when: decisions, which the transports carry out."""

import random
import re
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import httpx2

from smelt_client.causes import address_of, not_the_service, unreached
from smelt_client.errors import Refused, StillRunning, Unreachable

TRIES = 4
FIRST_DELAY, LONGEST_DELAY = 0.5, 8.0  # seconds
LONGEST_WAIT = 30.0  # seconds: a Retry-After beyond it is the caller's matter
TRY_LATER = (429, 503)
CODE = re.compile(r"[a-z][a-z0-9_]*")  # as the service writes its codes, and gateways seldom theirs
FIRST_LOOK, SLOWEST_LOOK = 0.1, 2.0  # seconds between two looks at a smelt
TOO_LARGE_FOR_A_PROXY = (
    "a proxy before the service doesn't let a request of this size through (413); the service itself wasn't asked. "
    "Send less at once, or have the proxy's limit raised (nginx: client_max_body_size)"
)

Outcome = httpx2.Response | httpx2.RequestError


def next_try(outcome: Outcome, tried: int, *, repeatable: bool) -> httpx2.Response | float:
    """The reply, if it was a success; else seconds to wait before the next try. Other replies' bodies have been read.

    Raises Refused for what the service won't do, Unreachable when it can't answer.
    """
    if isinstance(outcome, httpx2.RequestError):
        never_sent = isinstance(outcome, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        if tried >= TRIES or not (repeatable or never_sent):
            raise Unreachable(detail=unreached(outcome), address=address_of(outcome.request)) from outcome
        return _backoff(tried)
    if outcome.is_success:
        return outcome
    wanted = _retry_after(outcome)
    if outcome.status_code not in TRY_LATER or tried >= TRIES or (wanted or 0.0) > LONGEST_WAIT:
        raise _failure(outcome, wanted)
    return _backoff(tried) if wanted is None else wanted


def looks(within: float | None, clock: Callable[[], float] = time.monotonic) -> Iterator[float]:
    """Seconds to wait between two looks at a smelt, ever longer ones. Raises StillRunning after `within` seconds."""
    deadline = None if within is None else clock() + within
    pause = FIRST_LOOK
    while True:
        left = SLOWEST_LOOK if deadline is None else deadline - clock()
        if left <= 0:
            raise StillRunning(f"the smelt hasn't ended in {within:g} seconds")
        yield min(pause, left)
        pause = min(SLOWEST_LOOK, pause * 1.5)


def _backoff(tried: int) -> float:
    """Doubling, and never quite the same: many clients that lost one service shouldn't come back at once."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tried - 1)) * random.uniform(0.5, 1.0))  # noqa: S311


def _retry_after(reply: httpx2.Response) -> float | None:
    given = reply.headers.get("retry-after", "")
    return float(given) if given.isdigit() else None


def _failure(reply: httpx2.Response, retry_after: float | None) -> Refused | Unreachable:
    status, problem, address = reply.status_code, _problem(reply), address_of(reply.request)
    kind = Unreachable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Refused
    detail = ""
    if not problem:
        too_large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        detail = f"{address}: {TOO_LARGE_FOR_A_PROXY}" if too_large else not_the_service(reply)
    elif kind is Unreachable:
        detail = f"{address} can't at the moment: {problem.get('detail') or reply.reason_phrase}"
    return kind(status, problem, detail=detail, address=address, retry_after=retry_after)


def _problem(reply: httpx2.Response) -> dict[str, Any]:
    """The problem details; none if something else than the service answered, which may have JSON of its own."""
    try:
        body = reply.json()
    except ValueError:
        return {}
    code = body.get("code") if isinstance(body, dict) else None
    return body if isinstance(code, str) and CODE.fullmatch(code) else {}
