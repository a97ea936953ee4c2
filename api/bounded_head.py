"""HTTP/1.1 with bounded heads: a request line and headers of any size, or at any pace, would be held in memory."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 65_536  # and what comes in the same read
MOST_SECONDS = 30.0


class BoundedHead(HttpToolsProtocol):
    """Uvicorn's protocol; answers 400 and hangs up on too large a head; hangs up on too slow a one."""

    _timer: asyncio.TimerHandle | None = None
    _head_bytes: int | None = 0  # None: past the head

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_ended()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._head_ended()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_BYTES:
            self.send_400_response("The request's head is too large.")

    def _wait_for_head(self) -> None:
        self._head_ended()
        self._head_bytes = 0
        self._timer = self.loop.call_later(MOST_SECONDS, self.transport.close)

    def _head_ended(self) -> None:
        self._head_bytes = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
