"""Concurrency limits on requests: in all, for each address, and for each tenant once it is known.

Beyond a limit of its own a caller gets `429 too_many_requests`; beyond a limit of the whole service anyone gets
`503 busy`. Each kind of request (`pipeline/concurrency.py`) has its own limits, so that slow uploads, event streams and
calls that wait for a result take no place of small requests.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.client_address import client_address, subscriber
from api.errors import ApiError, Code, problem
from pipeline.concurrency import Kind, Limit
from pipeline.net.networks import Network

RETRY_SECONDS = 2.0
BUSY = "Too many requests are under way: come again after as long as `Retry-After` says."
TOO_MANY = "Too many requests of yours are under way: come again once some of them have ended."
NOT_LIMITED = ("/healthz", "/readyz")
HELD, REFUSED = "smelt.places", "smelt.refused"  # in the scope's state
OF_POSTS = {
    "/v1/smelts": (Kind.UPLOADS,),
    "/v1/audio/transcriptions": (Kind.UPLOADS, Kind.WAITING),
}

Slot = tuple[Kind, str]  # whose: an address, a tenant, or EVERYBODY
EVERYBODY = ""


class Places:
    """Counts what is under way. Thread-safe."""

    def __init__(self, limits: Mapping[Kind, Limit]) -> None:
        self._limits = limits
        self._taken: Counter[Slot] = Counter()
        self._lock = Lock()

    def taken(self, kind: Kind, whose: str = EVERYBODY) -> int:
        return self._taken[kind, whose]

    def acquire(self, slots: Sequence[Slot]) -> None:
        """All of them or none. Raises ApiError `too_many_requests`, `busy`."""
        with self._lock:
            full = [slot for slot in slots if self._taken[slot] >= self._most(slot)]
            if any(whose != EVERYBODY for _, whose in full):
                raise over_own_limit()
            if full:
                raise over_all_limits()
            self._taken.update(slots)

    def give_back(self, slots: Sequence[Slot]) -> None:
        with self._lock:
            for slot in slots:
                self._taken[slot] -= 1
                if self._taken[slot] == 0:
                    del self._taken[slot]

    def _most(self, slot: Slot) -> int:
        kind, whose = slot
        return self._limits[kind].total if whose == EVERYBODY else self._limits[kind].each


class Held:
    """The places of one request."""

    def __init__(self, places: Places, kinds: Sequence[Kind], address: str) -> None:
        """Raises ApiError as `acquire` does."""
        self._places = places
        self._callers = [address]
        self._slots: list[Slot] = [(kind, whose) for kind in kinds for whose in (address, EVERYBODY)]
        self._places.acquire(self._slots)
        self._kinds = set(kinds)

    def count_for(self, tenant: str) -> None:
        """Raises ApiError `too_many_requests`."""
        slots: list[Slot] = [(kind, tenant) for kind in self._kinds if (kind, tenant) not in self._slots]
        self._places.acquire(slots)
        self._slots += slots
        self._callers.append(tenant)

    def join(self, kind: Kind) -> None:
        """Raises ApiError as `acquire` does."""
        slots: list[Slot] = [(kind, whose) for whose in (*dict.fromkeys(self._callers), EVERYBODY)]
        self._places.acquire(slots)
        self._slots += slots
        self._kinds.add(kind)

    def leave(self, kind: Kind) -> None:
        self._kinds.discard(kind)
        self._end([slot for slot in self._slots if slot[0] is kind])

    def end(self) -> None:
        self._kinds.clear()
        self._end(list(self._slots))

    def _end(self, slots: list[Slot]) -> None:
        self._slots = [slot for slot in self._slots if slot not in slots]
        self._places.give_back(slots)


class ConcurrencyLimit:
    """ASGI middleware. Health checks are always let through, also where the connection was one too many."""

    def __init__(
        self,
        app: ASGIApp,
        places: Places,
        proxies: Sequence[Network],
        forwarded_header: str,
    ) -> None:
        self.app = app
        self._places = places
        self._proxies = proxies
        self._forwarded_header = forwarded_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in NOT_LIMITED:
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        address = str(subscriber(client_address(Request(scope), self._proxies, self._forwarded_header)))
        try:
            if REFUSED in state:
                raise state[REFUSED]
            held = state[HELD] = Held(self._places, _kinds(scope), address)
        except ApiError as refusal:
            await problem(refusal)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            held.end()


def count_for_tenant(request: Request, tenant: str) -> None:
    """Counts the request for this tenant too, to its end. Raises ApiError `too_many_requests`."""
    held: Held | None = request.scope.get("state", {}).get(HELD)
    if held is not None:
        held.count_for(tenant)


def join(scope: Scope, kind: Kind) -> None:
    """From now on to its end the request is one of this kind too. Raises ApiError `too_many_requests`, `busy`."""
    held: Held | None = scope.get("state", {}).get(HELD)
    if held is not None:
        held.join(kind)


def leave(request: Request, kind: Kind) -> None:
    """The request goes on, but no longer as one of this kind."""
    held: Held | None = request.scope.get("state", {}).get(HELD)
    if held is not None:
        held.leave(kind)


def over_own_limit() -> ApiError:
    return ApiError(Code.TOO_MANY_REQUESTS, TOO_MANY, retry_after=RETRY_SECONDS)


def over_all_limits() -> ApiError:
    return ApiError(Code.BUSY, BUSY, retry_after=RETRY_SECONDS)


def _kinds(scope: Scope) -> tuple[Kind, ...]:
    if scope["path"].endswith("/events"):
        return (Kind.STREAMS,)
    return OF_POSTS.get(scope["path"], (Kind.REQUESTS,)) if scope["method"] == "POST" else (Kind.REQUESTS,)
