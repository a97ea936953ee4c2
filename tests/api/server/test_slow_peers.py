"""Peers that read their replies too slowly, or not at all, or ask for ever more: they lose their connection."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from api.http import body
from api.server import bounded_head, connection, connections, delivery
from pipeline.concurrency import Kind
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast
from tests.support.connections import ATTACKER, OTHER, Attack, client_from
from tests.support.waiting import wait_until

WINDOW, LOOK, PACE = 1.0, 0.1, 10_000.0  # seconds, seconds, bytes a second
TINY = 4_096  # bytes of a receive window
NOTE = {"texts": ["Ann ships on Friday."], "default_prompt_names": ["summarize"]}
DOCUMENT = b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture
def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningApi]:
    """A service that waits for slow peers for no longer than a second."""
    monkeypatch.setattr(delivery, "WINDOW_SECONDS", WINDOW)
    monkeypatch.setattr(connections, "LOOK_SECONDS", LOOK)
    monkeypatch.setattr(body, "WINDOW_SECONDS", WINDOW)
    with running(settings.model_copy(update={"slowest_reader": PACE})) as api:
        yield api


def descriptors() -> int:
    return psutil.Process().num_fds()


def small_send_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of connections to the API from now on."""
    made = connection.Connection.connection_made

    def connection_made(self: connection.Connection, transport: asyncio.BaseTransport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TINY)
        made(self, transport)

    monkeypatch.setattr(connection.Connection, "connection_made", connection_made)


def taken(api: RunningApi) -> int:
    return sum(api.places.taken(kind) for kind in Kind)


def test_replies_that_are_never_read_hold_no_place(
    impatient: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reproduction of the issue: requests one behind the other, and a window that takes none of the replies.

    No more of them than are taken ahead, and a small buffer here: else the kernel has room for all replies, each
    request ends at once, and whether a place is seen to be taken hangs on the machine's load.
    """
    small_send_buffers(monkeypatch)
    with Attack(impatient.address) as attack:
        before = descriptors()
        for _ in range(20):
            attack.open(window=TINY).send(DOCUMENT * connection.MOST_AHEAD)
        wait_until(lambda: taken(impatient) > 0)
        with client_from(OTHER, impatient.url) as other:
            assert other.get("/openapi.json").status_code == 200
        wait_until(lambda: taken(impatient) == len(impatient.connections) == 0)
        wait_until(lambda: descriptors() <= before + len(attack.opened) + 1)  # the attack's own ends


def test_a_reply_is_cut_also_after_the_request_has_ended(impatient: RunningApi) -> None:
    """Small replies end in buffers: what is left there holds a connection, and counts as not read."""
    with Attack(impatient.address) as attack:
        lazy = attack.open(window=TINY)
        lazy.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n" * 10)
        while taken(impatient) == 0 and len(impatient.connections):
            if not lazy.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n" * 10):
                break
        wait_until(lambda: len(impatient.connections) == 0)


@pytest.mark.parametrize("size", [10, 300])
def test_a_drip_is_not_reading(impatient: RunningApi, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Neither one that hardly opens the window of the connection, nor one that does every second, below the pace."""
    monkeypatch.setattr(delivery, "WINDOW_SECONDS", 3 * WINDOW)
    small_send_buffers(monkeypatch)
    with Attack(impatient.address) as attack:
        bare = attack.open(window=TINY)
        bare.send(DOCUMENT * 16)
        wait_until(lambda: taken(impatient) == 1)
        deadline = time.monotonic() + 20
        while len(impatient.connections) and time.monotonic() < deadline:
            time.sleep(0.05)
            with suppress(ConnectionError):
                bare.socket.recv(size)
        assert len(impatient.connections) == 0
        wait_until(lambda: taken(impatient) == 0)


def test_slow_but_steady_reading_gets_all(impatient: RunningApi) -> None:
    """For longer than the window, at a few times the lowest pace."""
    with Attack(impatient.address) as attack:
        bare = attack.open(window=TINY)
        bare.send(b"GET /openapi.json HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        received = b""
        begun = time.monotonic()
        while data := bare.socket.recv(1_000):
            received += data
            time.sleep(0.03)
        assert time.monotonic() - begun > 1.5 * WINDOW
        head, _, document = received.partition(b"\r\n\r\n")
        assert b"HTTP/1.1 200" in head
        assert document.endswith(b"}")
        assert len(document) > 50_000


def test_an_event_stream_that_is_not_read_ends(impatient: RunningApi, cast: Cast) -> None:
    """One that is read lives on, however little there is to tell."""
    note = {"texts": ["a"] * 25, "default_prompt_names": ["summarize"]}
    with impatient.client(cast.ada.headers) as ada, Attack(impatient.address) as attack:
        smelt = ada.post("/v1/smelts", json=note).raise_for_status().json()
        path = f"/v1/smelts/{smelt['id']}/events"
        for _ in range(5):
            attack.open(window=TINY).ask("GET", path, cast.ada.headers)
        with ada.stream("GET", path) as read:
            lines = read.iter_lines()
            next(lines)
            wait_until(lambda: impatient.places.taken(Kind.STREAMS) == 1)
            assert next(lines)
            assert impatient.places.taken(Kind.STREAMS) == 1


def test_requests_that_are_asked_far_ahead_are_not_kept(impatient: RunningApi) -> None:
    """Some are answered in their order, then the connection ends."""
    with Attack(impatient.address) as attack:
        bare = attack.open()
        bare.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n" * 1_000)
        received = b""
        while data := bare.socket.recv(65_536):
            received += data
    assert 10 <= received.count(b"HTTP/1.1 200 OK") <= 100
    assert received.count(b"HTTP/1.1 ") == received.count(b"HTTP/1.1 200 OK")
    assert b"connection: close" in received.lower()


def test_empty_lines_keep_no_connection(impatient: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_head, "MOST_SECONDS", 0.5)
    with Attack(impatient.address) as attack:
        bare = attack.open()
        bare.ask("GET", "/healthz")
        assert bare.status() == 200
        deadline = time.monotonic() + 20
        while not bare.hung_up():
            assert time.monotonic() < deadline
            bare.send(b"\r\n")
            time.sleep(0.05)


@pytest.mark.parametrize("length", [10, 60_000])
def test_a_body_that_does_not_come_frees_its_place(impatient: RunningApi, cast: Cast, length: int) -> None:
    """However short it is said to be."""
    headers = cast.ada.headers | {"Content-Type": "application/json", "Content-Length": str(length)}
    with Attack(impatient.address) as attack:
        for path in ("/v1/smelts", "/v1/prompts"):
            bare = attack.open()
            bare.ask("POST", path, headers, b"{")
            assert bare.status() == 408
        wait_until(lambda: taken(impatient) == 0)


def test_slow_posts_of_one_address_take_its_own_places_only(impatient: RunningApi, cast: Cast) -> None:
    """A thousand at a pace that is kept, in small pieces: the reproduction of the issue, only faster."""
    headers = {"Content-Type": "application/json", "Content-Length": "1000000"} | cast.ada.headers
    over, outcome = threading.Event(), list[int]()
    with Attack(impatient.address) as attack:
        for _ in range(impatient.settings.connections_per_address + 100):
            attack.open(ATTACKER).ask("POST", "/v1/smelts", headers, b'{"texts": ["')

        def drip() -> None:
            while not over.wait(0.2):
                for bare in attack.opened:
                    bare.send(b"a" * 300)

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            most = impatient.settings.uploads_per_caller
            wait_until(lambda: impatient.places.taken(Kind.UPLOADS) == most)
            with client_from(OTHER, impatient.url, cast.bob.headers) as bob:
                for _ in range(20):
                    outcome.append(bob.post("/v1/smelts", json=NOTE).status_code)
                    outcome.append(bob.get("/v1/usage").status_code)
                    assert impatient.places.taken(Kind.UPLOADS) <= most
        finally:
            over.set()
            dripping.join()
    assert set(outcome) <= {200, 202, 429}  # 429: Bob's credits
    assert outcome.count(202) == 5
    wait_until(lambda: taken(impatient) == 0)


def test_the_kernel_tells_what_is_not_read() -> None:
    """Without that a reader's pace is seen in lumps of a megabyte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            assert delivery.in_kernel(server) == 0
            server.setblocking(False)
            sent, got = 0, 0
            with suppress(BlockingIOError):
                while True:
                    sent += server.send(bytes(65_536))
            before = delivery.in_kernel(server)
            assert 0 < before <= sent
            while got < sent:
                got += len(client.recv(65_536))
            wait_until(lambda: delivery.in_kernel(server) == 0)
