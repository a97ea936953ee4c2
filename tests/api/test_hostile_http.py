"""Requests that are no proper HTTP: refused or hung up on, never taken for two, and the service goes on."""

import socket

import httpx
import pytest

from api import bounded_head
from tests.api.conftest import RunningApi

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
    "ten thousand headers": head(*(b"X-%d: a" % n for n in range(10_000))),
}


def answer(address: tuple[str, int], sent: bytes) -> bytes:
    """All that comes back until the service hangs up, or nothing more comes."""
    received = b""
    with socket.create_connection(address, timeout=3) as connection:
        try:
            connection.sendall(sent)
            while data := connection.recv(65_536):
                received += data
        except (ConnectionError, TimeoutError):
            pass
    return received


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_proper_request_is_refused(api: RunningApi, visitor: httpx.Client, name: str) -> None:
    received = answer(api.address, HOSTILE[name])
    statuses = [line.split()[1] for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert all(status.startswith(b"4") for status in statuses), received[:200]
    assert len(statuses) == 1
    assert api.objects() == []
    assert visitor.get("/healthz").status_code == 200


def test_a_head_that_does_not_come_to_its_end_is_hung_up_on(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_head, "MOST_SECONDS", 0.2)
    for begun in (b"", b"GET /healthz HTTP/1.1\r\nHost: test\r\n"):
        with socket.create_connection(api.address, timeout=5) as connection:
            connection.sendall(begun)
            assert connection.recv(100) == b""


def test_a_large_but_sane_head_passes(visitor: httpx.Client) -> None:
    for _ in range(3):  # on one connection
        assert visitor.get("/healthz", headers={"X-Long": "a" * 30_000}).status_code == 200
