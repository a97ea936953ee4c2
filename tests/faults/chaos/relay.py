"""Stands between the service and one of its engines, and passes on what they say: all, less, or nothing for a while."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

CHUNK = 65_536  # bytes


class Ear(Protocol):
    """Listens to one connection."""

    def sent(self, data: bytes) -> None:
        """What the client says, before it is passed on."""

    def answered(self, data: bytes) -> bool:
        """What the engine answers. True: the client never hears it, and both lose their connection."""


class Deaf:
    """An ear that hears nothing."""

    def sent(self, data: bytes) -> None: ...

    def answered(self, data: bytes) -> bool:  # noqa: ARG002 - as agreed
        return False


class Relay:
    """Listens on the Unix socket `path`, connects to the one at `target`. `ear` is made for each connection."""

    def __init__(self, path: Path, target: Path, ear: Callable[[], Ear] = Deaf) -> None:
        self._path = path
        self._target = target
        self._ear = ear
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._flows.set()

    @contextmanager
    def running(self) -> Iterator["Relay"]:
        thread = threading.Thread(target=self._loop.run_forever, name=f"relay {self._path.name}")
        thread.start()
        try:
            listening = asyncio.start_unix_server(self._serve, self._path)
            asyncio.run_coroutine_threadsafe(listening, self._loop).result()
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def drop(self) -> None:
        """From now on nothing passes, and nobody is told: connections stay, new ones are taken and left alone."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def open(self) -> None:
        """What was held back passes, and all that follows."""
        self._loop.call_soon_threadsafe(self._flows.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            engine_reader, engine_writer = await asyncio.open_unix_connection(self._target)
        except OSError:  # it is down: so is this connection
            writer.close()
            return
        ear = self._ear()
        ways = {
            asyncio.create_task(self._ask(reader, engine_writer, ear)),
            asyncio.create_task(self._answer(engine_reader, writer, ear)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            engine_writer.close()

    async def _ask(self, client: asyncio.StreamReader, engine: asyncio.StreamWriter, ear: Ear) -> None:
        with suppress(ConnectionError):
            while data := await client.read(CHUNK):
                await self._flows.wait()
                ear.sent(data)
                engine.write(data)
                await engine.drain()

    async def _answer(self, engine: asyncio.StreamReader, client: asyncio.StreamWriter, ear: Ear) -> None:
        with suppress(ConnectionError):
            while data := await engine.read(CHUNK):
                await self._flows.wait()
                if ear.answered(data):
                    return
                client.write(data)
                await client.drain()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
