"""Large replies are sent piece by piece, and only so many at once, since each holds its body until it has been read."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from api.errors import ApiError, problem
from api.http.pieces import LARGE, PIECE, Pieces
from api.middleware.concurrency_limit import ConcurrencyLimit, Places
from pipeline.concurrency import Kind, Limit
from pipeline.net.networks import networks


class Reader:
    """A client that has asked for so many bytes, and takes nothing but the head before it is told to."""

    def __init__(self, app: ConcurrencyLimit, address: str, size: int) -> None:
        headers = [(b"x-forwarded-for", address.encode())]
        self._scope = {
            "type": "http",
            "method": "GET",
            "path": f"/{size}",
            "headers": headers,
            "query_string": b"",
            "client": ("127.0.0.1", 1),
            "state": {},
        }
        self._app = app
        self._reads = asyncio.Event()
        self.begun = asyncio.Event()
        self.status = 0
        self.pieces: list[int] = []

    async def __call__(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    def read(self) -> None:
        self._reads.set()

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun.set()
        elif self.status == 200:
            await self._reads.wait()
            self.pieces.append(len(message["body"]))


async def replying(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await Pieces(bytes(int(scope["path"][1:])))(scope, receive, send)
    except ApiError as refusal:
        await problem(refusal)(scope, receive, send)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 20))


def limited(each: int, total: int) -> tuple[ConcurrencyLimit, Places]:
    limits = dict.fromkeys(Kind, Limit(100, 100)) | {Kind.LARGE: Limit(total, each)}
    places = Places(limits)
    return ConcurrencyLimit(replying, places, networks(("127.0.0.0/8",)), "x-forwarded-for"), places


@pytest.mark.parametrize(
    ("others", "size", "status"),
    [
        (["1.1.1.1"], LARGE + 1, 429),
        (["1.1.1.1"], LARGE, 200),
        (["1.1.1.2", "1.1.1.3"], LARGE + 1, 503),
        (["1.1.1.2"], LARGE + 1, 200),
    ],
    ids=["of one's own", "not large", "of all", "another's"],
)
def test_only_so_many_large_replies_are_being_sent(others: list[str], size: int, status: int) -> None:
    async def scenario() -> None:
        app, places = limited(1, 2)
        readers = [Reader(app, address, LARGE + 1) for address in others]
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(reader())
            for reader in readers:
                await reader.begun.wait()
            assert places.taken(Kind.LARGE) == len(others)
            late = Reader(app, "1.1.1.1", size)
            late.read()
            await late()
            assert late.status == status
            for reader in readers:
                reader.read()
        assert [reader.status for reader in readers] == [200] * len(others)
        assert places.taken(Kind.LARGE) == 0

    run(scenario())


def test_a_reply_comes_whole_in_pieces() -> None:
    async def scenario() -> None:
        app, _ = limited(1, 1)
        reader = Reader(app, "1.1.1.1", 3 * PIECE + 7)
        reader.read()
        await reader()
        assert reader.pieces == [PIECE, PIECE, PIECE, 7, 0]

    run(scenario())
