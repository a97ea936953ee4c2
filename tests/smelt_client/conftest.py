"""Both clients on a running API, to be used in one way."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from pipeline.settings import Settings
from smelt_client import AsyncSmelt, Smelt
from tests.api.conftest import RunningApi, running

Connect = Callable[[str, str | None], Any]


class Blocking:
    """`AsyncSmelt` as if it were `Smelt`: each call runs in the portal's event loop. Streams come as lists."""

    def __init__(self, portal: BlockingPortal, client: AsyncSmelt) -> None:
        self._portal = portal
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **options: self._portal.call(
            _awaited, partial(getattr(self._client, name), *args, **options)
        )


async def _awaited(call: Callable[[], Any]) -> Any:
    made = call()
    return [item async for item in made] if inspect.isasyncgen(made) else await made


@pytest.fixture
def api(settings: Settings) -> Iterator[RunningApi]:
    with running(settings) as api:
        yield api


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Makes a client for an address and a token."""
    monkeypatch.setenv("NO_PROXY", "*")
    made: list[Any] = []
    with start_blocking_portal() as portal:

        def connected(server: str, token: str | None) -> Any:
            sync = request.param == "sync"
            made.append(Smelt(server, token) if sync else Blocking(portal, AsyncSmelt(server, token)))
            return made[-1]

        yield connected
        for client in made:
            client.close()
