"""Whether replies are read: a peer that takes them too slowly, or not at all, loses its connection.

Measured in bytes that the peer has acknowledged, not in writes: a reply may lie in the transport's buffer, or in the
kernel's, long after the request that it answers has ended.
"""

import asyncio
import fcntl
import socket
import struct
import termios
from typing import Any, cast

from pipeline.stall_detector import Checkpoint, next_checkpoint

WINDOW_SECONDS = 30.0


class CountedTransport:
    """A transport that knows how many bytes were written to it. Everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Delivery:
    """Of the replies on one connection. `slowest`: bytes a second that the peer must take while any are waiting."""

    def __init__(self, transport: asyncio.BaseTransport, slowest: float) -> None:
        self.transport = CountedTransport(cast("asyncio.Transport", transport))
        self._slowest = slowest
        self._checkpoint = Checkpoint(0.0, 0.0)
        self._due = 0  # bytes that had been written at the checkpoint

    def kept(self, now: float) -> bool:
        """False: for a whole window the peer has neither kept the pace nor taken all that waited at its beginning.

        `now`: seconds. To be asked about once a second.
        """
        written = self.transport.written
        if self._checkpoint.done == written:
            return True
        delivered = written - self._waiting()
        if delivered >= self._due:
            self._checkpoint, self._due = Checkpoint(delivered, now), written
            return True
        checkpoint = next_checkpoint(
            self._checkpoint, delivered, now, window=WINDOW_SECONDS, slowest=self._slowest
        )
        if checkpoint is None:
            return False
        if checkpoint is not self._checkpoint:
            self._checkpoint, self._due = checkpoint, written
        return True

    def _waiting(self) -> int:
        """Bytes that the peer has not acknowledged."""
        buffered: int = self.transport.get_write_buffer_size()
        return buffered + in_kernel(self.transport.get_extra_info("socket"))


def in_kernel(connection: socket.socket) -> int:
    """Of the bytes given to the kernel, those not acknowledged; 0 where the system doesn't tell."""
    try:
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except (OSError, ValueError):  # or the connection has been closed
        return 0
    return int(struct.unpack("i", answer)[0])
