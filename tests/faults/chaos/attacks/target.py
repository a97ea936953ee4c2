"""Whom an attack is on, by whom, and for how long."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

TIMEOUT = 30.0  # seconds of one exchange


@dataclass
class Target:
    """`source`: the address that it comes from. `smelt`: a large one of the user's. `seconds`: how long it goes on.

    `full`: at the size at which the issue has it. `hits`: what was sent, counted by `hit`.
    """

    port: int
    source: str
    token: str
    smelt: str
    prompts: list[str]
    seconds: float
    full: bool
    hits: int = 0
    _ends: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._ends

    def hit(self) -> None:
        with self._lock:
            self.hits += 1

    def size(self, full: int, short: int) -> int:
        return full if self.full else short

    def paced(self, per_second: float) -> Iterator[None]:
        """Until its time is over, no more often than that."""
        due = time.monotonic()
        while not self.over:
            yield
            due = max(due + 1 / per_second, time.monotonic())
            time.sleep(max(0.0, min(due, self._ends) - time.monotonic()))

    def wait(self) -> None:
        time.sleep(max(0.0, self._ends - time.monotonic()))

    @contextmanager
    def client(self, token: str | None = None) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.HTTPTransport(local_address=self.source)
        url = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=url, headers=headers, transport=transport, timeout=TIMEOUT) as client:
            yield client

    def ask(self, client: httpx.Client, method: str, path: str, **request: object) -> None:
        """One exchange, whatever comes of it."""
        self.hit()
        with suppress(httpx.TransportError):
            client.request(method, path, **request)  # type: ignore[arg-type]

    def connected(self, head: str, *, window: int | None = None) -> socket.socket | None:
        """A connection over which this was sent; None when it was refused. `window`: bytes of its receive buffer."""
        self.hit()
        connection = socket.socket()
        try:
            if window is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            connection.settimeout(5)
            connection.bind((self.source, 0))
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(head.encode())
        except OSError:
            connection.close()
            return None
        return connection

    def at_once(self, count: int, one: Callable[[], None]) -> None:
        with ThreadPoolExecutor(count) as threads:
            for running in [threads.submit(one) for _ in range(count)]:
                running.result()


def head(method: str, path: str, *, token: str | None = None, **headers: object) -> str:
    """Of a request over a bare socket. Names of headers have underscores here."""
    lines = [f"{method} {path} HTTP/1.1", "Host: smelt"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""])
