"""A running API for each test: a real server on a free port, with its own database, key prefix and content."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.main import Server, listen, server_config
from api.middleware.concurrency_limit import Places
from api.server.connections import Connections
from api.services import Services
from pipeline.settings import Settings
from tests.support.api_processes import KEPT, NO_TLS
from tests.support.cast import Cast


class PromptServer(Server):
    """Looks more often than the tenth of a second in which uvicorn does whether it is to stop: it is in most tests."""

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks // 20):
            ticks += 1
            await asyncio.sleep(0.005)


class RunningApi:
    """`services`: what its routes work with, to look behind the scenes. `content`: the store's folder."""

    def __init__(self, settings: Settings, server: Server, listener: socket.socket) -> None:
        self.settings = settings
        self.address = listener.getsockname()[:2]
        self.url = "http://{}:{}".format(*self.address)
        self._server = server

    @property
    def services(self) -> Services:
        services = self._server.config.loaded_app.state.services
        assert isinstance(services, Services)
        return services

    @property
    def places(self) -> Places:
        places = self._server.config.loaded_app.state.places
        assert isinstance(places, Places)
        return places

    @property
    def connections(self) -> Connections:
        connections = self._server.config.loaded_app.state.connections
        assert isinstance(connections, Connections)
        return connections

    @property
    def content(self) -> Path:
        assert self.settings.content_url is not None
        return Path(self.settings.content_url.removeprefix("file://"))

    def objects(self) -> list[Path]:
        """Folders that vanish meanwhile hold none."""
        return [Path(folder, name) for folder, _, names in os.walk(self.content) for name in names]

    def client(self, headers: dict[str, str] | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers=headers, trust_env=False, timeout=30, verify=NO_TLS, limits=KEPT
        )


@contextmanager
def running(settings: Settings, *, grace_seconds: int = 10) -> Iterator[RunningApi]:
    server = PromptServer(server_config(settings))
    server.config.timeout_graceful_shutdown = grace_seconds
    server.config.load()
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            api = RunningApi(settings, server, listener)
            with api.client() as client:
                client.get(
                    "/healthz"
                ).raise_for_status()  # waits in the listener's queue until the server is up
            yield api
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def api(settings: Settings) -> Iterator[RunningApi]:
    with running(settings) as api:
        yield api


@pytest.fixture
def visitor(api: RunningApi) -> Iterator[httpx.Client]:
    with api.client() as client:
        yield client


@pytest.fixture
def ada(api: RunningApi, cast: Cast) -> Iterator[httpx.Client]:
    with api.client(cast.ada.headers) as client:
        yield client


@pytest.fixture
def bob(api: RunningApi, cast: Cast) -> Iterator[httpx.Client]:
    with api.client(cast.bob.headers) as client:
        yield client
