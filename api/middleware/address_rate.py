"""The rate of an address, whoever asks and whatever is answered: also what costs no place, turn or look at a token.

Each reply costs the event loop something, a refusal too. So it is counted outside of everything that answers, here
instead of in Redis, and a flood is slowed down first: a connection gets no more than a reply in each pause.
"""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.client_address import client_address, subscriber
from api.auth.rate import address_rate
from api.auth.rate_limiter import LocalRateLimiter
from api.errors import ApiError, Code
from api.middleware.concurrency_limit import REFUSED, RETRY_SECONDS
from pipeline.net.networks import Network

TOO_FAST = "More requests come from your address than may: wait as long as `Retry-After` says."
PAUSE_SECONDS = 2.0  # before a request that is too fast is looked at again; probes of health wait for longer


class AddressRate:
    """ASGI middleware. A request that is too fast waits, and is refused by `ConcurrencyLimit` if it still is then.

    What isn't limited there, such as a health check, is only slowed down.
    """

    def __init__(
        self, app: ASGIApp, proxies: Sequence[Network], forwarded_header: str, rate_address: int
    ) -> None:
        """`rate_address`: requests a minute of one address."""
        self.app = app
        self._limiter = LocalRateLimiter()
        self._rate = address_rate(rate_address)
        self._proxies = proxies
        self._forwarded_header = forwarded_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            address = client_address(Request(scope), self._proxies, self._forwarded_header)
            if not await self._in_time(str(subscriber(address))):
                scope.setdefault("state", {}).setdefault(REFUSED, too_fast())
        await self.app(scope, receive, send)

    async def _in_time(self, address: str) -> bool:
        if self._limiter.acquire(address, self._rate).allowed:
            return True
        await asyncio.sleep(PAUSE_SECONDS)
        return self._limiter.acquire(address, self._rate).allowed


def too_fast() -> ApiError:
    return ApiError(Code.TOO_MANY_REQUESTS, TOO_FAST, retry_after=RETRY_SECONDS)
