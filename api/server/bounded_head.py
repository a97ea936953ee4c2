"""HTTP/1.1 with bounded heads: a request line and headers of any size, or at any pace, would be held in memory.

Trailers, which may follow a chunked body, are dropped (RFC 9110, section 6.5): uvicorn would add them to the headers,
where they could say who is asking, past a proxy that has looked at the head alone.

A body in chunks of a byte each costs thirty times as much to parse as others, on the event loop: it is refused.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 65_536  # and what comes in the same read
MOST_SECONDS = 30.0
# each is an object of its own; `api/middleware/long_lines.py` has the limit that is explained to the client
MOST_HEADERS = 200
FREE_CHUNKS = 1_000  # of a body, however small
LEAST_CHUNK = 16  # bytes in the mean of more of them


class TooManyHeaders(Exception):
    """Ends the parsing, with a 400."""


class TooSmallChunks(Exception):
    """Ends the parsing, with a 400."""


class BoundedHead(HttpToolsProtocol):
    """Uvicorn's protocol; answers 400 and hangs up on too much that is no body; hangs up on too slow a head."""

    _timer: asyncio.TimerHandle | None = None
    _past_head = False
    _head_seconds: float | None = None  # if it may take another time than most
    _overhead = 0  # bytes since the message began, or since a byte of its body
    _chunks = _chunked = 0  # chunks of the body, and their bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_ended()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._past_head:
            return
        if len(self.headers) >= MOST_HEADERS:
            raise TooManyHeaders
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_ended()
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """The parser calls it for each chunk, before its bytes."""
        self._chunks += 1
        if self._chunks > FREE_CHUNKS and self._chunked < LEAST_CHUNK * (self._chunks - 1):
            raise TooSmallChunks

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        self._chunked += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._overhead += len(data)
        idle = self.timeout_keep_alive_task is not None
        super().data_received(data)
        if idle and self._past_head and (self.cycle is None or self.cycle.response_complete):
            self._wait_for_head()  # empty lines before it end the idle time too
        if self._overhead > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")

    def _wait_for_head(self) -> None:
        self._head_ended()
        self._past_head = False
        self._overhead = self._chunks = self._chunked = 0
        self._timer = self.loop.call_later(self._head_seconds or MOST_SECONDS, self.transport.close)

    def _head_ended(self) -> None:
        self._past_head = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
