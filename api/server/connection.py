"""One connection of a client: counted among all, bounded in what it may ask ahead, closed when replies aren't read."""

import asyncio

from api.errors import ApiError, Code
from api.middleware.concurrency_limit import REFUSED, over_all_limits, over_own_limit
from api.server.bounded_head import BoundedHead
from api.server.connections import Connections, Entry
from api.server.delivery import Delivery

MOST_AHEAD = 16  # requests that may wait behind one that is being answered
TOLD_SECONDS = 5.0  # in which one who is only told that there are too many must have asked
NO_UPGRADE = "A body can't be sent with an upgrade to another protocol: leave `Upgrade` out."
REFUSALS = {Entry.OVER_OWN_LIMIT: over_own_limit, Entry.OVER_ALL_LIMITS: over_all_limits}


class TooManyAhead(Exception):
    """Ends the parsing."""


class Connection(BoundedHead):
    """Uvicorn's protocol with bounded heads and the limits of `app.state.connections`."""

    _delivery: Delivery | None = None
    _entry = Entry.SERVED
    _deaf = False  # what still comes is not looked at: the connection ends with the replies that are due

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections: Connections = self.config.loaded_app.state.connections
        self._delivery = Delivery(transport, self._connections.slowest_reader)
        super().connection_made(self._delivery.transport)  # type: ignore[arg-type]
        self._entry = self._connections.enter(self, self.client[0] if self.client else "")
        if self._entry is Entry.DROPPED:
            self.transport.abort()
        elif self._entry is not Entry.SERVED:
            self._head_seconds = TOLD_SECONDS
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._deaf:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Who asks further ahead gets the replies to what was asked first, and then the end (RFC 9112, 9.3.2)."""
        if len(self.pipeline) >= MOST_AHEAD:
            self._deaf = True
            self.cycle.keep_alive = False
            raise TooManyAhead
        super().on_message_begin()
        if self._entry in REFUSALS:
            self.scope["state"][REFUSED] = REFUSALS[self._entry]()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self._end_with_this_request()
        if self._entry is not Entry.SERVED:
            self.cycle.keep_alive = False

    def _end_with_this_request(self) -> None:
        """It is answered as if it didn't ask for another protocol, but nothing behind its head is looked at: the parser
        takes a body for the next request, which a proxy before us has not seen, and forgets what came along with it.
        """
        self._deaf = True
        self.cycle.keep_alive = False
        if any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers):
            self.scope["state"][REFUSED] = ApiError(Code.MALFORMED_BODY, NO_UPGRADE)

    def send_400_response(self, msg: str) -> None:
        if not self._deaf:
            super().send_400_response(msg)

    def check_delivery(self, now: float) -> None:
        if self._delivery is not None and not self._delivery.kept(now):
            self.transport.abort()
