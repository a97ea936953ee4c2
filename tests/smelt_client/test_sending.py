"""What is tried again, and what isn't: against a server that fails as it is told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from smelt_client import Refused, Smelt, Unreachable, attempts
from smelt_client.calls import Call


class Server(ThreadingHTTPServer):
    """Answers with each of `script` in turn: a status and its Retry-After; status 0 hangs up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, str | None]] = []
        self.keys: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.keys.append(self.headers["Idempotency-Key"])
        status, retry_after = self.server.script.pop(0)
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(attempts, "FIRST_DELAY", 0.01)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def post(server: Server, *script: tuple[int, str | None], repeatable: bool = True) -> None:
    server.script = list(script)
    call = Call("POST", "/", bytes, repeatable=repeatable, headers={"Idempotency-Key": "one"})
    with Smelt(f"http://127.0.0.1:{server.server_port}", trust_env=False) as client:
        client.do(call)


def test_what_may_pass_is_tried_again_with_the_same_key(server: Server) -> None:
    post(server, (503, None), (429, "0"), (0, None), (202, None))
    assert server.keys == ["one"] * 4


def test_a_lost_answer_is_not_tried_again_where_that_would_do_harm(server: Server) -> None:
    with pytest.raises(Unreachable):
        post(server, (0, None), (202, None), repeatable=False)
    assert len(server.keys) == 1


def test_what_will_not_pass_is_told_at_once(server: Server) -> None:
    for script in [(404, None), (429, "86400")]:
        with pytest.raises(Refused):
            post(server, script)
    with pytest.raises(Unreachable):
        post(server, (500, None))
    assert len(server.keys) == 3


def test_a_proxy_that_takes_no_request_of_this_size_is_named(server: Server) -> None:
    """The service's own refusal has a code, and says what was too large."""
    with pytest.raises(Refused, match=r"a proxy before the service.*client_max_body_size") as refused:
        post(server, (413, None))
    assert (refused.value.status, refused.value.code) == (413, "")


def test_patience_ends(server: Server) -> None:
    with pytest.raises(Unreachable):
        post(server, *[(503, "0")] * attempts.TRIES)
    assert len(server.keys) == attempts.TRIES
