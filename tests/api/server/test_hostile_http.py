"""Requests that are no proper HTTP: refused or hung up on, never taken for two, and the service goes on."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from api.http import body
from api.server import bounded_head
from pipeline.settings import Settings
from tests.api.conftest import RunningApi, running
from tests.support.cast import Cast

BODY = b'{"texts": ["a"], "default_prompt_names": ["summarize"]}'
NEXT = b"GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"


def head(*headers: bytes, line: bytes = b"POST /v1/smelts HTTP/1.1") -> bytes:
    return b"\r\n".join(
        (line, b"Host: test", b"Connection: close", b"Content-Type: application/json", *headers, b"", b"")
    )


HOSTILE = {
    "two lengths": head(b"Content-Length: 5", b"Content-Length: %d" % len(BODY)) + BODY,
    "a length and chunks": head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + NEXT,
    "chunks told oddly": head(b"Transfer-Encoding: xchunked", b"Content-Length: 3") + b"abc",
    "a negative length": head(b"Content-Length: -1") + BODY,
    "a length of words": head(b"Content-Length: many") + BODY,
    "a length in hex": head(b"Content-Length: 0x10") + BODY,
    "a bad chunk size": head(b"Transfer-Encoding: chunked") + b"zz\r\nabc\r\n0\r\n\r\n",
    "a space before the colon": head(b"Content-Length : 3") + b"abc",
    "a folded header": head(b"X-Folded: a\r\n b", b"Content-Length: 3") + b"abc",
    "a null in a header": head(b"X-Null: a\0b", b"Content-Length: 3") + b"abc",
    "a null in the path": head(line=b"GET /v1/\0 HTTP/1.1"),
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "a header of a megabyte": head(b"X-Long: " + b"a" * 1_000_000),
    "a path of a megabyte": head(line=b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1"),
    "a head without end": head()[:-2] + b"X-Long: a\r\n" * 100_000,
    "trailers without end": head(b"Transfer-Encoding: chunked") + b"0\r\n" + b"X-Late: a\r\n" * 100_000,
    "a trailer of megabytes": head(b"Transfer-Encoding: chunked") + b"0\r\nX-Late: " + b"a" * 3_000_000,
    "a chunk's extension of megabytes": head(b"Transfer-Encoding: chunked") + b"1;a=" + b"a" * 3_000_000,
    "ten thousand chunks of a byte": head(b"Transfer-Encoding: chunked")
    + b"1\r\n \r\n" * 10_000
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "ten thousand headers": head(*(b"X-%d: a" % n for n in range(10_000))),
}


def answer(address: tuple[str, int], sent: bytes) -> bytes:
    """All that comes back until the service hangs up, or nothing more comes."""
    received = b""
    with socket.create_connection(address, timeout=3) as connection:
        with suppress(ConnectionError, TimeoutError):  # it may hang up before all is sent, and have answered
            connection.sendall(sent)
        with suppress(ConnectionError, TimeoutError):
            while data := connection.recv(65_536):
                received += data
    return received


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_proper_request_is_refused(api: RunningApi, visitor: httpx.Client, name: str) -> None:
    received = answer(api.address, HOSTILE[name])
    statuses = [line.split()[1] for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert all(status.startswith(b"4") for status in statuses), received[:200]
    assert len(statuses) == 1
    assert api.objects() == []
    assert visitor.get("/healthz").status_code == 200


UPGRADE = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("sent", [BODY, NEXT], ids=["a body", "a request"])
def test_a_body_behind_an_upgrade_is_never_taken_for_a_request(
    api: RunningApi, sent: bytes, *, at_once: bool
) -> None:
    """The parser does so, where a proxy before it goes by the length; a proxy would hand the reply to somebody else."""
    begun = b"\r\n".join(
        (
            *(b"POST /v1/smelts HTTP/1.1", b"Host: test", b"Content-Type: application/json"),
            *(*UPGRADE, b"Content-Length: %d" % len(sent), b"", b""),
        )
    )
    with socket.create_connection(api.address, timeout=5) as connection:
        connection.sendall(begun + sent if at_once else begun)
        received = connection.recv(65_536)
        with suppress(ConnectionError):
            connection.sendall(b"" if at_once else sent)
            while data := connection.recv(65_536):
                received += data
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"upgrade to another protocol" in received
    assert received.count(b"HTTP/1.1 ") == 1
    assert api.objects() == []


def test_an_upgrade_without_a_body_is_passed_over(api: RunningApi) -> None:
    """What follows at once would never be answered: so the client is told that it has to connect again."""
    begun = b"\r\n".join((b"GET /healthz HTTP/1.1", b"Host: test", *UPGRADE, b"", b""))
    received = answer(api.address, begun + NEXT)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in received
    assert received.count(b"HTTP/1.1 ") == 1


def test_a_head_that_does_not_come_to_its_end_is_hung_up_on(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_head, "MOST_SECONDS", 0.2)
    for begun in (b"", b"GET /healthz HTTP/1.1\r\nHost: test\r\n"):
        with socket.create_connection(api.address, timeout=5) as connection:
            connection.sendall(begun)
            assert connection.recv(100) == b""


def test_a_body_in_chunks_of_a_short_line_each_is_taken(api: RunningApi, cast: Cast) -> None:
    lines = (b'"Ann ships on Friday."', *([b',"Ann ships today."'] * 2_000))
    with api.client(cast.ada.headers | {"Content-Type": "application/json"}) as ada:
        reply = ada.post("/v1/smelts", content=(b'{"default_prompt_names": [', *lines, b"]}"))
    assert reply.json()["code"] == "validation_failed"  # for its names, not for its chunks


def test_headers_without_number_are_not_kept(api: RunningApi, visitor: httpx.Client) -> None:
    """Each is an object; ten thousand of them held the event loop for 18 ms, uncounted."""
    lines = b"ab:c\r\n" * 10_000
    with socket.create_connection(api.address, timeout=5) as connection:
        connection.sendall(b"GET /nope HTTP/1.1\r\nHost: test\r\n" + lines)  # and no end
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
    assert visitor.get("/healthz").status_code == 200


def test_a_large_but_sane_head_passes(visitor: httpx.Client) -> None:
    for _ in range(3):  # on one connection
        assert visitor.get("/healthz", headers={"X-Long": "a" * 30_000}).status_code == 200


@pytest.mark.parametrize("at_once", [True, False])
def test_what_follows_the_body_says_nothing_about_who_is_asking(
    api: RunningApi, cast: Cast, at_once: bool
) -> None:
    """A proxy looks at the head alone; uvicorn takes trailers for headers."""
    token = b'{"name": "mine"}'
    chunked = b"%x\r\n%b\r\n0\r\n" % (len(token), token)
    trailer = "Authorization: {Authorization}\r\n\r\n".format(**cast.ada.headers).encode()
    sent = head(b"Transfer-Encoding: chunked", line=b"POST /v1/tokens HTTP/1.1") + chunked
    with socket.create_connection(api.address, timeout=5) as connection:
        connection.sendall(sent + trailer if at_once else sent)
        if not at_once:
            connection.sendall(trailer)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")


def test_an_address_in_a_trailer_is_not_believed(settings: Settings) -> None:
    behind_proxy = settings.model_copy(update={"trusted_proxies": ("127.0.0.0/8",)})
    forwarded = head(b"X-Forwarded-For: 7.7.7.7", b"Transfer-Encoding: chunked")
    with running(behind_proxy) as api:
        for number, status in enumerate((b"202", b"429", b"429")):
            late = b"X-Forwarded-For: 8.8.8.%d\r\n\r\n" % number
            received = answer(api.address, forwarded + b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY) + late)
            assert received.startswith(b"HTTP/1.1 " + status), received


SLOW = {
    "PUT /v1/api-key": b'{"api_key": "',
    "POST /v1/prompts": b'{"title": "',
    "POST /v1/smelts": b'{"texts": ["',
    "POST /v1/audio/transcriptions": b"--x\r\n",
}


@pytest.mark.parametrize("line", SLOW)
@pytest.mark.parametrize("drip", [b"", b"a"])
def test_a_body_that_does_not_come_to_its_end_is_refused(
    api: RunningApi, cast: Cast, monkeypatch: pytest.MonkeyPatch, line: str, drip: bytes
) -> None:
    """Neither silence nor a byte now and then keeps a place among those who are served."""
    monkeypatch.setattr(body, "WINDOW_SECONDS", 0.3)
    headers = (
        "Authorization: {Authorization}".format(**cast.ada.headers).encode(),
        b"Content-Type: " + (b"multipart/form-data; boundary=x" if "audio" in line else b"application/json"),
        b"Content-Length: 60000",
    )
    request = b"\r\n".join((f"{line} HTTP/1.1".encode(), b"Host: test", *headers, b"", b""))
    with socket.create_connection(api.address, timeout=0.05) as connection:
        connection.sendall(request + SLOW[line])
        received, deadline = b"", time.monotonic() + 10
        while not received and time.monotonic() < deadline:
            try:
                received = connection.recv(65_536)
            except TimeoutError:
                connection.sendall(drip)
    assert received.startswith(b"HTTP/1.1 408 "), received
    assert b'"request_timeout"' in received


def test_a_slow_but_steady_body_is_taken(
    api: RunningApi, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "WINDOW_SECONDS", 0.5)

    def pieces() -> Iterator[bytes]:
        yield b'{"default_prompt_names": ["summarize"], "texts": ["'
        for _ in range(20):
            time.sleep(0.05)
            yield b"Ann ships on Friday. " * 5
        yield b'"]}'

    with api.client(cast.ada.headers | {"Content-Type": "application/json"}) as ada:
        assert ada.post("/v1/smelts", content=pieces()).status_code == 202
