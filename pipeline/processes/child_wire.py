"""The line between a process of ours and its child: one JSON object a line over a socket pair, and bytes after some.

JSON rather than pickle: a child handles hostile content, and what it says must not be able to run code. What is large
goes as bytes, whose number the message before them tells, so that neither side builds one long line of it.
"""

import json
import socket
import struct
import threading
from typing import Any

Message = dict[str, Any]

_RECEIVE_BYTES = 1 << 18
_LONGEST_LINE = 1 << 24  # bytes; a segment of Whisper has a few thousand
SEND_SECONDS = 10  # in which a living child has taken what it was sent


class Closed(Exception):
    """The other side is gone, or says what can't be understood."""


class Channel:
    """One end of the socket pair. Reading belongs to one thread."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        # Not by Python's timeout, which is one for both directions: another thread may be waiting for a message.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        self._received = bytearray()
        self._sending = threading.Lock()

    def send(self, message: Message) -> None:
        """Raises Closed."""
        self.send_bytes(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        """Raises Closed, also when the other side doesn't take them in `SEND_SECONDS`."""
        try:
            with self._sending:
                self._end.sendall(data)
        except OSError as error:
            raise Closed from error

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message; None when `timeout` seconds pass without one. Raises Closed."""
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > _LONGEST_LINE:
                raise Closed
            if not self._fill(timeout):
                return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            message = json.loads(line)
        except ValueError as error:
            raise Closed from error
        if not isinstance(message, dict):
            raise Closed
        return message

    def receive_bytes(self, count: int, timeout: float | None = None) -> bytes:
        """The next `count` bytes. Raises Closed, also when `timeout` seconds pass without any."""
        while len(self._received) < count:
            if not self._fill(timeout):
                raise Closed
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def close(self) -> None:
        self._end.close()

    def _fill(self, timeout: float | None) -> bool:
        self._end.settimeout(timeout)
        try:
            data = self._end.recv(_RECEIVE_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise Closed from error
        finally:
            self._end.settimeout(None)
        if not data:
            raise Closed
        self._received += data
        return True
