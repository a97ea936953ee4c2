"""Many bare connections from one address, for clients that take all that they can get."""

import socket
from contextlib import ExitStack, suppress
from typing import Self

import httpx

from pipeline.processes.descriptors import raise_descriptor_limit
from tests.support.api_processes import KEPT, NO_TLS

ATTACKER, OTHER = "127.0.0.2", "127.0.0.3"


class Bare:
    """A connection on which anything may be sent, or left unread."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._received = b""

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """A hang-up by the service is no error of the test."""
        lines = [f"{method} {path} HTTP/1.1", "Host: test"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items() if name.lower() != "host"]
        with suppress(ConnectionError):
            self.socket.sendall("\r\n".join((*lines, "", "")).encode() + body)

    def send(self, data: bytes) -> bool:
        """False: the service has hung up."""
        try:
            self.socket.sendall(data)
        except ConnectionError:
            return False
        return True

    def status(self) -> int:
        """Of the next reply; 0: the service has hung up. The rest stays unread."""
        received = b""
        with suppress(ConnectionError):
            while not received.endswith(b"\r\n") and (data := self.socket.recv(1)):
                received += data
        return int(received.split()[1]) if received else 0

    def hung_up(self) -> bool:
        """Whether the service has, by now; reads what there is."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65_536):
                pass
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(30)
        return True


class Attack:
    """Closes all that it has opened."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._stack = ExitStack()
        self.opened: list[Bare] = []
        raise_descriptor_limit()

    def open(self, source: str = ATTACKER, *, window: int | None = None) -> Bare:
        """A connection from this address. `window`: bytes that may be on their way to it unread."""
        connection = self._stack.enter_context(socket.socket())
        connection.settimeout(30)
        if window is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.bind((source, 0))
        connection.connect(self._address)
        bare = Bare(connection)
        self.opened.append(bare)
        return bare

    def close(self) -> None:
        self._stack.close()
        self.opened.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def client_from(address: str, url: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """An ordinary client at this address."""
    transport = httpx.HTTPTransport(local_address=address, verify=NO_TLS, limits=KEPT)
    return httpx.Client(base_url=url, headers=headers, transport=transport, timeout=30)
