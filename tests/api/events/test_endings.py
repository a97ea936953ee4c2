"""Waiting for a smelt's end: through the hub, with Redis or without."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from api.events.announcements import Announcements
from api.events.endings import Endings
from api.events.reader import Reader
from api.smelts.views import Views
from db.session import Database
from db.smelts.control import cancel
from pipeline.settings import Settings
from tests.api.conftest import running
from tests.support.cast import Cast
from tests.support.waiting import wait_until

SPEECH = (Path(__file__).parent.parent.parent / "recordings" / "telephone.wav").read_bytes()
NOWHERE = "redis://127.0.0.1:1/0"


def test_without_redis_who_waits_is_told_too(settings: Settings, cast: Cast) -> None:
    with (
        running(settings.model_copy(update={"redis_url": SecretStr(NOWHERE)})) as api,
        api.client(cast.ada.headers) as ada,
        ThreadPoolExecutor(1) as threads,
    ):

        def smelts() -> list[str]:
            return [smelt["id"] for smelt in ada.get("/v1/smelts").json()["items"]]

        def call() -> httpx.Response:
            return ada.post("/v1/audio/transcriptions", files={"file": ("a.wav", SPEECH)})

        waiting = threads.submit(call)
        wait_until(lambda: len(smelts()) == 1)
        with api.services.database.service() as conn:
            cancel(conn, UUID(smelts()[0]))
        assert waiting.result(20).json()["error"]["code"] == "part_failed"


def test_who_comes_during_a_look_waits_for_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smelt may have been taken back to work since that look began."""

    async def scenario() -> None:
        looks: asyncio.Queue[asyncio.Future[set[str]]] = asyncio.Queue()

        async def unfinished(_: Reader, names: set[str]) -> set[str]:
            assert names == {"smelt"}
            look: asyncio.Future[set[str]] = asyncio.get_running_loop().create_future()
            looks.put_nowait(look)
            return await look

        def heard(name: str) -> None:
            endings.doubt(name)

        monkeypatch.setattr(Reader, "unfinished", unfinished)
        endings = Endings(Reader(database, Views(database)), Announcements(NOWHERE, "test", heard))
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(endings.look_on())
            early = tasks.create_task(endings.of("smelt"))
            first = await looks.get()
            late = tasks.create_task(endings.of("smelt"))
            await asyncio.sleep(0)  # until it waits
            first.set_result(set())
            await early
            second = await looks.get()
            assert not late.done()
            second.set_result(set())
            await late
            looking.cancel()

    asyncio.run(scenario())
