"""A server that ends the connection was reached: the input may be its reason, so it isn't waited for as one that is
away.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from pydantic import SecretStr

from pipeline.errors import Unanswered, WorkError
from pipeline.llm.engines.openai_chat import OpenAIChat
from pipeline.llm.messages import Message
from pipeline.states import ErrorCode, WaitingFor
from tests.support.llm_server import event

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WORD = event(choices=[{"index": 0, "delta": {"content": "A word"}}])
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets
ASKED: list[Message] = [{"role": "user", "content": "Who ships?"}]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@contextmanager
def saying(said: bytes, *, resets: bool) -> Iterator[str]:
    """A server that hears a request, says so much, and ends the connection."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                heard = b""
                while b"\r\n\r\n" not in heard or not heard.rstrip().endswith(b"}"):
                    heard += connection.recv(65_536)
                connection.sendall(said)
                if resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def failure(url: str) -> WorkError:
    async def ask() -> None:
        chat = OpenAIChat(
            base_url=url, api_key=SecretStr("sk-test"), model="gpt-test", context_tokens=8_000, timeout=20
        )
        try:
            await chat.ask(ASKED, lambda _: None)
        finally:
            await chat.aclose()

    with pytest.raises(WorkError) as caught:
        asyncio.run(ask())
    return caught.value


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("said", [b"", HEAD[:30], HEAD], ids=["nothing", "half a head", "a head"])
def test_who_hangs_up_before_any_word_was_reached(said: bytes, *, resets: bool) -> None:
    with saying(said, resets=resets) as url:
        error = failure(url)
    assert (error.code, error.retryable, error.waiting_for) == (ErrorCode.API_UNAVAILABLE, True, None)
    assert isinstance(error, Unanswered)


@pytest.mark.parametrize("resets", [False, True])
def test_who_hangs_up_amid_the_answer_has_broken_it_off(*, resets: bool) -> None:
    with saying(HEAD + chunk(WORD), resets=resets) as url:
        error = failure(url)
    assert (error.code, error.retryable, error.waiting_for) == (ErrorCode.API_UNAVAILABLE, True, None)
    assert not isinstance(error, Unanswered)


def test_where_nobody_listens_the_model_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}/v1")
    assert (error.code, error.waiting_for) == (ErrorCode.API_UNAVAILABLE, WaitingFor.LANGUAGE_MODEL)
