"""A server that ends the connection was reached: the input may be its reason, so it isn't waited for as one that is
away.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count

import pytest
from pydantic import SecretStr

from pipeline.errors import Unanswered, WorkError
from pipeline.llm.engines.openai_chat import OpenAIChat
from pipeline.llm.messages import Message
from pipeline.states import ErrorCode, WaitingFor
from tests.support.llm_server import event

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WORD = event(choices=[{"index": 0, "delta": {"content": "A word"}}])
STOP = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets
ASKED: list[Message] = [{"role": "user", "content": "Who ships?"}]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@contextmanager
def serving(answer: Callable[[socket.socket, int], None]) -> Iterator[tuple[str, socket.socket]]:
    """A server whose connections are answered one by one, each with its number, and then closed. With its listener."""

    def serve() -> None:
        for number in count():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                answer(connection, number)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", listener
        finally:
            if listener.fileno() >= 0:
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def saying(said: bytes, *, resets: bool) -> Iterator[str]:
    """A server that hears a request, says so much, and ends the connection."""

    def answer(connection: socket.socket, _: int) -> None:
        _hear(connection)
        connection.sendall(said)
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)

    with serving(answer) as (url, _):
        yield url


@contextmanager
def answering(*, then_leaves: bool = False) -> Iterator[tuple[str, list[int]]]:
    """A server that answers the first request of each connection and hangs up on the second, as llama.cpp's does
    behind a stream. With the number of the connection that each request came by. `then_leaves`: nobody listens then.
    """
    asked: list[int] = []

    def answer(connection: socket.socket, number: int) -> None:
        _hear(connection)
        asked.append(number)
        connection.sendall(HEAD + chunk(WORD) + chunk(STOP) + chunk(b"data: [DONE]\n\n") + chunk(b""))
        _hear(connection)
        asked.append(number)
        if then_leaves:
            listener.close()

    with serving(answer) as (url, listener):
        yield url, asked


def _hear(connection: socket.socket) -> None:
    """A request. Raises ConnectionError when the client has gone."""
    heard = b""
    while b"\r\n\r\n" not in heard or not heard.rstrip().endswith(b"}"):
        if not (more := connection.recv(65_536)):
            raise ConnectionError
        heard += more


def failure(url: str, *, before: int = 0) -> WorkError:
    """Of a call behind so many that are answered."""

    async def ask() -> WorkError:
        async with chatting(url) as chat:
            for _ in range(before):
                await chat.ask(ASKED, lambda _: None)
            with pytest.raises(WorkError) as caught:
                await chat.ask(ASKED, lambda _: None)
        return caught.value

    return asyncio.run(ask())


@asynccontextmanager
async def chatting(url: str) -> AsyncIterator[OpenAIChat]:
    key = SecretStr("sk-test")
    chat = OpenAIChat(base_url=url, api_key=key, model="gpt-test", context_tokens=8_000, timeout=20)
    try:
        yield chat
    finally:
        await chat.aclose()


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


def test_a_connection_that_was_closed_behind_an_answer_costs_nothing() -> None:
    async def ask() -> list[str]:
        async with chatting(url) as chat:
            return [(await chat.ask(ASKED, lambda _: None)).text for _ in range(3)]

    with answering() as (url, asked):
        assert asyncio.run(ask()) == ["A word"] * 3
    assert asked == [0, 0, 1, 1, 2]


def test_who_hangs_up_on_what_is_sent_again_too_was_reached() -> None:
    """And who is away by then has been: what was sent may be the reason."""
    with answering(then_leaves=True) as (url, asked):
        error = failure(url, before=1)
    assert asked == [0, 0]
    assert isinstance(error, Unanswered)
    assert error.waiting_for is None


def test_where_nobody_listens_the_model_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}/v1")
    assert (error.code, error.waiting_for) == (ErrorCode.API_UNAVAILABLE, WaitingFor.LANGUAGE_MODEL)
