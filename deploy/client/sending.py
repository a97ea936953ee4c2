"""One exchange with the service, tried again where that is safe and of use."""

import random
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx2

from deploy.client.causes import address_of, not_the_service, unreached
from deploy.client.failures import Refused, Unreachable
from deploy.client.wording import duration

TRIES = 4
FIRST_DELAY, LONGEST_DELAY = 0.5, 8.0  # seconds
LONGEST_WAIT = 30.0  # seconds: a Retry-After beyond it is the caller's matter
TRY_LATER = (429, 503)
TOO_LARGE_FOR_A_PROXY = (
    "a proxy before the service doesn't let a request of this size through (413); the service itself wasn't asked. "
    "Send less at once, or have the proxy's limit raised (nginx: client_max_body_size)"
)


def send(attempt: Callable[[], httpx2.Response], *, repeatable: bool) -> httpx2.Response:
    """A reply of success. `repeatable`: sent twice it has the same effect, so that a lost answer does no harm.

    Raises Refused for what the service won't do, Unreachable when it can't answer.
    """
    for tried in range(1, TRIES + 1):
        try:
            reply = attempt()
        except httpx2.RequestError as error:
            never_sent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
            if tried == TRIES or not (repeatable or never_sent):
                raise Unreachable(unreached(error)) from None
            delay = _backoff(tried)
        else:
            if reply.is_success:
                return _of_the_service(reply)
            wanted = _retry_after(reply)
            if reply.status_code not in TRY_LATER or tried == TRIES or (wanted or 0.0) > LONGEST_WAIT:
                raise _failure(reply)
            delay = _backoff(tried) if wanted is None else wanted
        time.sleep(delay)
    raise AssertionError("the last try returns or raises")


def _backoff(tried: int) -> float:
    """Doubling, and never quite the same: many clients that lost one service shouldn't come back at once."""
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (tried - 1)) * random.uniform(0.5, 1.0))  # noqa: S311


def _retry_after(reply: httpx2.Response) -> float | None:
    given = reply.headers.get("retry-after", "")
    return float(given) if given.isdigit() else None


def _of_the_service(reply: httpx2.Response) -> httpx2.Response:
    """Pages are for browsers: the service itself answers none of its calls by one. Raises Unreachable."""
    if reply.headers.get("content-type", "").startswith("text/html"):
        reply.close()
        raise Unreachable(not_the_service(reply))
    return reply


def _failure(reply: httpx2.Response) -> Refused | Unreachable:
    problem, address = _problem(reply), address_of(reply.request)
    if reply.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and "code" not in problem:
        return Refused(reply.status_code, {"detail": f"{address}: {TOO_LARGE_FOR_A_PROXY}"}, address=address)
    if "code" not in problem:
        said = not_the_service(reply)
        known = reply.status_code < 500
        return Refused(reply.status_code, {"detail": said}, address=address) if known else Unreachable(said)
    if reply.status_code >= 500:
        wait = _retry_after(reply)
        later = "" if wait is None else f" (again in {duration(wait)})"
        return Unreachable(f"{address} can't at the moment: {problem.get('detail')}{later}")
    return Refused(reply.status_code, problem, address=address, retry_after=_retry_after(reply))


def _problem(reply: httpx2.Response) -> dict[str, Any]:
    """The problem details; none if something else than the service answered."""
    try:
        reply.read()
        body = reply.json()
    except (ValueError, httpx2.RequestError):
        return {}
    return body if isinstance(body, dict) else {}
