"""A POST to a server that a stranger has named: the address that was judged, the deadline, nothing followed."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pipeline.net.networks import networks
from pipeline.net.webhook_url import WebhookUrl, parse
from tests.support.certificates import make_certificate
from tests.support.receiver import receiving
from workers.actors.outbound import MOST_BYTES, AddressRefused, Outbound, Reply, Unreachable

HERE = networks(["127.0.0.0/8"])
PLAIN = Outbound(HERE, ssl.create_default_context(), deadline=2.0)
NAME = "hooks.example.org"


def answered_by(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Stands in for the resolver of our names: one answer for each question, in turn. Returns the names asked for."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        if not host.endswith(".example.org"):
            return resolve(host, port, *rest, **named)
        asked.append(host)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in address], socket.SOCK_STREAM, 6, "", (address, port))
            for address in answers[len(asked) - 1]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@contextmanager
def server(serve: Any) -> Iterator[int]:
    """Calls `serve` with each connection, in a thread; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # whoever called may hang up: not always a ConnectionError
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.close()
            thread.join()


def test_the_name_is_asked_for_once_and_the_judged_address_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the second answer would be another address."""
    with receiving() as judged, receiving() as rebound:
        asked = answered_by(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
        url = WebhookUrl("http", NAME, judged.port, "/hook")
        assert PLAIN.post(url, {"webhook-id": "msg_1"}, b"{}").status == 204
    assert asked == [NAME]
    assert [(each.path, each.headers["host"], each.body) for each in judged.received] == [
        ("/hook", f"{NAME}:{judged.port}", b"{}")
    ]
    assert rebound.received == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["192.168.0.1", "::1"],
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    answered_by(monkeypatch, addresses)

    here, really = threading.get_ident(), socket.socket.connect

    def connect(sock: socket.socket, address: Any) -> None:
        assert threading.get_ident() != here, "connected"
        really(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(AddressRefused):
        Outbound((), ssl.create_default_context()).post(parse(f"https://{NAME}/", ()), {}, b"{}")


def test_of_several_addresses_those_that_may_be_used_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        answered_by(monkeypatch, ["10.0.0.1", "127.0.0.9", "127.0.0.1"])  # nobody listens on the second
        assert PLAIN.post(WebhookUrl("http", NAME, receiver.port, "/"), {}, b"{}").status == 204


def test_redirects_are_not_followed() -> None:
    with receiving() as receiver, receiving() as other:
        receiver.answers, receiver.headers = [302], {"Location": other.url}
        assert PLAIN.post(parse(receiver.url, HERE), {}, b"{}").status == 302
        assert (len(receiver.received), other.received) == (1, [])


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 200", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * (MOST_BYTES + 9_000)]
)
def test_what_is_no_reply_is_a_failure(reply: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(reply)
        with suppress(OSError):  # the other side may have left already
            connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    with server(serve) as port, pytest.raises(Unreachable):
        PLAIN.post(WebhookUrl("http", "127.0.0.1", port, "/"), {}, b"{}")


def test_interim_replies_are_passed_over() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n")

    with server(serve) as port:
        assert PLAIN.post(WebhookUrl("http", "127.0.0.1", port, "/"), {}, b"{}").status == 202


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"HTTP/1.1 503 Busy\r\nServer: x\r\nretry-AFTER:  120 \r\n\r\nbody", Reply(503, 120.0)),
        (b"HTTP/1.1 103 Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 429 No\r\n\r\nRetry-After: 8", Reply(429)),
        (b"HTTP/1.1 429 No\r\nRetry-After: soon\r\n\r\n", Reply(429)),
        (b"HTTP/1.1 429 No\r\nRetry-After: 7", Reply(429)),
        (b"HTTP/1.1 500 No\r\nX: " + b"x" * (MOST_BYTES + 9_000), Reply(500)),
        (b"HTTP/1.1 204 Yes\r\nRetry-After: 7\r\n\r\n", Reply(204)),
    ],
    ids=["seconds", "after an interim reply", "no time", "cut short", "endless", "accepted"],
)
def test_a_refusal_may_say_when_to_come_again(reply: bytes, expected: Reply) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(reply)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    with server(serve) as port:
        assert PLAIN.post(WebhookUrl("http", "127.0.0.1", port, "/"), {}, b"{}") == expected


def test_a_server_that_sends_a_byte_now_and_then_holds_nobody_past_the_deadline() -> None:
    def serve(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    begun = time.monotonic()
    with server(serve) as port, pytest.raises(Unreachable):
        Outbound(HERE, ssl.create_default_context(), deadline=0.5).post(
            WebhookUrl("http", "127.0.0.1", port, "/"), {}, b"{}"
        )
    assert time.monotonic() - begun < 2


def test_a_resolver_that_hangs_holds_nobody_past_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, resolve = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **named: Any) -> list[Any]:
        if host == NAME:
            hanging.wait()
        return resolve("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    outbound = Outbound(HERE, ssl.create_default_context(), deadline=0.5)
    over = threading.Timer(20, hanging.set)
    over.start()
    try:
        with pytest.raises(Unreachable, match="TimeoutError"):
            outbound.post(WebhookUrl("http", NAME, 1, "/"), {}, b"{}")
        assert not hanging.is_set()
    finally:
        hanging.set()
        over.cancel()


def test_tls_checks_the_name_in_the_url_whatever_the_address_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate, key = make_certificate(tmp_path, NAME)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate, key)
    asked: list[str | None] = []
    theirs.sni_callback = lambda _socket, name, _context: asked.append(name)
    outbound = Outbound(HERE, ssl.create_default_context(cafile=str(certificate)), deadline=5.0)
    with receiving(theirs) as receiver:
        answered_by(monkeypatch, ["127.0.0.1"], ["127.0.0.1"])
        assert outbound.post(WebhookUrl("https", NAME, receiver.port, "/"), {}, b"{}").status == 204
        with pytest.raises(Unreachable):
            outbound.post(WebhookUrl("https", "other.example.org", receiver.port, "/"), {}, b"{}")
    assert asked == [NAME, "other.example.org"]
    assert len(receiver.received) == 1
