"""A server that answers any request with one page, or in one of the ways that keep clients waiting."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class SlowServer:
    """`mode`: how it answers from now on."""

    port: int
    page: bytes
    mode: str = "good"
    asked: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/page"

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            MODES[self.mode](self, connection)

    def good(self, connection: socket.socket) -> None:
        connection.sendall(b"%sContent-Length: %d\r\n\r\n%s" % (HEAD, len(self.page), self.page))

    def dripping_head(self, connection: socket.socket) -> None:
        self.drip(connection, HEAD + b"X-Padding: " + b"x" * 10_000)

    def dripping_body(self, connection: socket.socket) -> None:
        connection.sendall(b"%sContent-Length: %d\r\n\r\n" % (HEAD, len(self.page)))
        self.drip(connection, self.page)

    def interim_replies(self, connection: socket.socket) -> None:
        while not self.stopped.wait(0.1):
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    def endless(self, connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        while not self.stopped.is_set():
            connection.sendall(b" " * 65_536)

    def endless_redirect(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n" % self.url.encode())
        while not self.stopped.is_set():
            connection.sendall(b" " * 65_536)

    def silent(self, _connection: socket.socket) -> None:
        self.stopped.wait()

    def drip(self, connection: socket.socket, content: bytes) -> None:
        for byte in content:
            if self.stopped.wait(0.1):
                return
            connection.sendall(bytes([byte]))


MODES: dict[str, Callable[[SlowServer, socket.socket], None]] = {
    name: getattr(SlowServer, name)
    for name in (
        *("good", "dripping_head", "dripping_body", "interim_replies"),
        *("endless", "endless_redirect", "silent"),
    )
}
BAD_MODES = [mode for mode in MODES if mode != "good"]


@contextmanager
def slow_server(page: bytes = b"{}") -> Iterator[SlowServer]:
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        server = SlowServer(listener.getsockname()[1], page)

        def accept() -> None:
            while not server.stopped.is_set():
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    server.asked += 1
                    threads.append(threading.Thread(target=server.serve, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            server.stopped.set()
            for thread in (accepting, *threads):
                thread.join()
