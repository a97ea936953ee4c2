"""One POST to a server that a stranger has named: to an address that was judged, within a deadline, nothing followed.

Written on the socket, because the deadline has to hold for all of it: clients' timeouts are per read, and a server that
sends a byte now and then would keep a slot for hours. Of the reply the status is read, and when to come again. Not by
h11, which tells no status before the head is whole: some heads are cut short or never end, and the status says enough.
"""

import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import ip_address

from pipeline.net.networks import Network
from pipeline.net.retry_after import retry_after
from pipeline.net.webhook_url import WebhookUrl, may_send

DEADLINE = 15.0  # seconds for all of it, the name's resolution included
MOST_BYTES = 16_384  # of the reply's head


_Resolved = tuple[socket.AddressFamily, tuple[str, int]]


class Unreachable(Exception):
    """No reply that could be understood came in time. The message names the kind of failure alone."""


class AddressRefused(Exception):
    """The host has no address that may be connected to."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`retry_after`: seconds, if the server refused and said when to come again."""

    status: int
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Outbound:
    """`allowed`: networks that may be reached besides the public ones, and without TLS."""

    allowed: Sequence[Network]
    tls: ssl.SSLContext
    deadline: float = DEADLINE

    def post(self, url: WebhookUrl, headers: Mapping[str, str], body: bytes) -> Reply:
        """Raises AddressRefused, Unreachable."""
        end = time.monotonic() + self.deadline
        addresses = self._resolve(url, end)
        try:
            with self._connected(url, addresses, end) as connection:
                connection.settimeout(_left(end))
                connection.sendall(_request(url, headers, body))
                return _reply(connection, end)
        except (OSError, ValueError) as error:
            raise Unreachable(type(error).__name__) from None

    def _resolve(self, url: WebhookUrl, end: float) -> list[_Resolved]:
        """Asked once: what was judged here is what is connected to."""
        try:
            found = _addresses(url, end)
        except (OSError, ValueError) as error:
            raise Unreachable(type(error).__name__) from None
        fit: list[_Resolved] = []
        for family, host in found:
            if "%" not in host and may_send(url, ip_address(host), self.allowed):
                fit.append((family, (host, url.port)))
        if not fit:
            raise AddressRefused
        return fit

    def _connected(self, url: WebhookUrl, addresses: Sequence[_Resolved], end: float) -> socket.socket:
        """To the first that answers; TLS checks the name in the URL, whatever address it is."""
        for place, address in enumerate(addresses, start=1):
            try:
                return self._connected_to(url, address, end)
            except OSError:
                if place == len(addresses):
                    raise
        raise AssertionError("unreachable")

    def _connected_to(self, url: WebhookUrl, resolved: _Resolved, end: float) -> socket.socket:
        family, address = resolved
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(end))
            connection.connect(address)
            if url.scheme != "https":
                return connection
            connection.settimeout(_left(end))
            return self.tls.wrap_socket(connection, server_hostname=url.host)
        except BaseException:
            connection.close()
            raise


def _addresses(url: WebhookUrl, end: float) -> list[tuple[socket.AddressFamily, str]]:
    """The system's resolver knows no deadline, and may take minutes: so it is asked in a thread, which is left to
    itself at the end. Raises OSError, ValueError.
    """
    answer: Future[list[tuple[socket.AddressFamily, str]]] = Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
            answer.set_result([(family, str(sockaddr[0])) for family, _, _, _, sockaddr in found])
        except (OSError, ValueError) as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return answer.result(_left(end))


def _request(url: WebhookUrl, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {url.target} HTTP/1.1",
        f"Host: {url.authority}",
        "User-Agent: Smelt-Webhooks/1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _reply(connection: socket.socket, end: float) -> Reply:
    """The final one: interim ones (1xx) are passed over. Raises OSError, ValueError."""
    head = b""
    while True:
        line, head = _through(connection, end, b"\r\n", head)
        reply = Reply(_parsed(line))
        if reply.accepted:
            return reply
        try:
            fields, head = _through(connection, end, b"\r\n\r\n", b"\r\n" + head)
        except (OSError, ValueError):
            if reply.status >= 200:
                return reply  # the status says enough
            raise
        if reply.status >= 200:
            return Reply(reply.status, retry_after(_field(fields, b"retry-after")))


def _through(connection: socket.socket, end: float, mark: bytes, read: bytes) -> tuple[bytes, bytes]:
    """What is `read` and what comes, parted at `mark`. Raises OSError, ValueError."""
    while mark not in read:
        if len(read) >= MOST_BYTES:
            raise ValueError("the reply's head is too long")
        connection.settimeout(_left(end))
        received = connection.recv(4_096)
        if not received:
            raise ConnectionResetError("the reply was cut short")
        read += received
    before, _, after = read.partition(mark)
    return before, after


def _field(fields: bytes, name: bytes) -> str | None:
    """A header's value."""
    for line in fields.split(b"\r\n"):
        given, _, value = line.partition(b":")
        if given.lower() == name:
            return value.decode("latin-1").strip()
    return None


def _parsed(line: bytes) -> int:
    """Raises ValueError for what isn't a status line."""
    version, _, rest = line.partition(b" ")
    status = int(rest[:3])
    if not version.startswith(b"HTTP/1.") or not 100 <= status <= 599:
        raise ValueError("not a status line")
    return status


def _left(end: float) -> float:
    """Seconds; raises TimeoutError when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
