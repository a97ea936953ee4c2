"""One GET, bounded in time and size whatever the server does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pipeline.net.fetch import Fetched, FetchFailed, fetch
from tests.support.slow_server import BAD_MODES, slow_server

DEADLINE = 1.0
SECRET = {"Authorization": "Bearer sk-secret"}


@contextmanager
def pages() -> Iterator[tuple[str, list[Any]]]:
    """`/n` leads to the page in n redirects; `/zip` says that it is compressed. The URL, and the requests' headers."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers)
            left = self.path.strip("/")
            if left.isdigit() and left != "0":
                self.send_response(302)
                self.send_header("Location", f"/{int(left) - 1}")
            else:
                self.send_response(200)
                if left == "zip":
                    self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(b"0123456789")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def test_the_body_is_read_up_to_its_bound_or_not_at_all() -> None:
    with pages() as (url, seen):
        assert fetch(url, SECRET, deadline=10, most_bytes=10) == Fetched(200, b"0123456789")
        assert fetch(url, deadline=10) == Fetched(200, b"")
        with pytest.raises(FetchFailed):
            fetch(url, deadline=10, most_bytes=9)
        with pytest.raises(FetchFailed):
            fetch(f"{url}/zip", deadline=10, most_bytes=1_000)
        assert [headers["Authorization"] for headers in seen] == [SECRET["Authorization"], None, None, None]


def test_a_few_redirects_are_followed_without_the_headers() -> None:
    with pages() as (url, seen):
        assert fetch(f"{url}/2", SECRET, deadline=10, most_bytes=10, redirects=2).status == 200
        assert [headers["Authorization"] for headers in seen] == [SECRET["Authorization"], None, None]
        assert fetch(f"{url}/3", deadline=10, redirects=2).status == 302
        assert fetch(f"{url}/1", SECRET, deadline=10).status == 302


@pytest.mark.parametrize("mode", BAD_MODES)
def test_a_server_that_keeps_its_clients_is_left_at_the_deadline(mode: str) -> None:
    with slow_server(b" " * 1_000) as server:
        server.mode = mode
        begun = time.monotonic()
        with pytest.raises(FetchFailed):
            fetch(server.url, deadline=DEADLINE, most_bytes=1_000_000, redirects=3)
        assert time.monotonic() - begun < DEADLINE + 2


def test_a_resolver_that_hangs_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, resolve = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if host in ("keys.example.org", b"keys.example.org"):
            hanging.wait(20)
        return resolve("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    begun = time.monotonic()
    try:
        with pytest.raises(FetchFailed):
            fetch("http://keys.example.org/", deadline=DEADLINE)
        assert time.monotonic() - begun < DEADLINE + 2
    finally:
        hanging.set()


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "ftp://127.0.0.1/", "http://", "http://[::1", "http://127.0.0.1:1/", "http://\ud800/"],
)
def test_what_can_not_be_asked_is_a_failure(url: str) -> None:
    with pytest.raises(FetchFailed):
        fetch(url, deadline=DEADLINE)
