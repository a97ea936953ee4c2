"""Why a service couldn't be asked is told with its address, the cause and what to do: each as it really happens."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from smelt_client import Misused, Refused, Smelt, SmeltError, Unreachable, attempts
from tests.support.answering import answering
from tests.support.certificates import make_certificate
from tests.support.receiver import receiving


@pytest.fixture(autouse=True)
def _at_once_and_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_DELAY", 0.0)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def failure(address: str, timeout: float = 60.0) -> SmeltError:
    with Smelt(address, timeout=timeout) as client, pytest.raises(SmeltError) as failed:
        client.usage()
    return failed.value


def html(status: str, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", "Content-Type: text/html", "Content-Length: 4", *headers]
    return "\r\n".join([*head, "", "<p>x"]).encode()


CONFUSED: list[tuple[bytes, type[SmeltError], str]] = [
    (html("200 OK"), Unreachable, "something else than Smelt answers at {address} (200)"),
    (html("404 Not Found"), Refused, "something else than Smelt answers at {address} (404)"),
    (html("502 Bad Gateway"), Unreachable, "{address} answers 502 (Bad Gateway), and not by the service"),
    (html("301 Moved", "Location: https://smelt.example/"), Refused, "sends on to https://smelt.example/"),
    (
        html("302 Found", "Location: https://a:b@sso.example/in?ticket=7"),
        Refused,
        "on to https://sso.example/in (",
    ),
    (html("407 Proxy Authentication Required"), Refused, "wants a password (407)"),
    (html("429 Slow Down"), Refused, "{address} lets no more through for now (429), and not by the service"),
    (html("413 Too Large"), Refused, "{address}: a proxy before the service"),
    (
        b'HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"code": 413}',
        Refused,
        "{address}: a proxy before the service",
    ),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Unreachable, "something else than Smelt answers"),
    (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        Unreachable,
        "{address} can't be reached",
    ),
    (b"220 mail ready\r\n", Unreachable, "{address} hung up, or speaks no HTTP"),
    (b"", Unreachable, "{address} hung up"),
]


@pytest.mark.parametrize(("answer", "kind", "said"), CONFUSED)
def test_what_is_no_smelt_service_is_told_as_that(answer: bytes, kind: type[SmeltError], said: str) -> None:
    with answering(answer) as port:
        address = f"http://127.0.0.1:{port}"
        failed = failure(address)
    assert type(failed) is kind
    assert said.format(address=address) in str(failed)
    assert "\n" not in str(failed)


def test_a_port_where_nothing_listens() -> None:
    said = str(failure("http://127.0.0.1:1"))
    assert said.startswith("http://127.0.0.1:1 can't be reached: the connection is refused")


def test_a_number_that_no_port_has() -> None:
    with pytest.raises(Misused, match="Port out of range"):
        Smelt("http://127.0.0.1:99999")


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = str(failure("https://smelt.invalid"))
    assert said.startswith(
        "https://smelt.invalid can't be reached: its name isn't known (DNS: Name or service"
    )


def test_https_to_a_server_without_it() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "it speaks no TLS; give its address with http://" in str(failure(f"https://127.0.0.1:{port}"))


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(*make_certificate(tmp_path, "smelt.example"))
    with receiving(theirs) as receiver:
        said = str(failure(f"https://127.0.0.1:{receiver.port}"))
    assert "can't be trusted: its certificate is not valid here (self-signed certificate)" in said
    assert "SSL_CERT_FILE" in said


def test_a_silent_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert str(failure(address, timeout=0.05)).startswith(f"{address} doesn't answer in time")


PROXIES: list[tuple[str, Callable[[int], str], str]] = [
    ("http://smelt.invalid", lambda port: f"http://ann:secret@127.0.0.1:{port}", "answers 502"),
    ("https://smelt.invalid", lambda port: f"127.0.0.1:{port}", "the proxy says no (502 Bad Gateway)"),
]


@pytest.mark.parametrize(("server", "proxy", "said"), PROXIES)
def test_a_proxy_on_the_way_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, server: str, proxy: Callable[[int], str], said: str
) -> None:
    with answering(html("502 Bad Gateway")) as port:
        monkeypatch.setenv("ALL_PROXY", proxy(port))
        told = str(failure(server))
    assert f"{server} (by the proxy 127.0.0.1:{port})" in told
    assert said in told
    assert "secret" not in told
