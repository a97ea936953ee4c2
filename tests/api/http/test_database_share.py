"""A tenant's turns at the database: so many at once, the next in order, others undisturbed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.errors import ApiError
from api.http import database_share
from api.http.database_share import DatabaseShare


class Work:
    """Pieces of work that hold their turn until they are told to end."""

    def __init__(self, share: DatabaseShare) -> None:
        self.share = share
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def under_way(self, tenant: str, *names: str) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            for name in names:
                self._ends[name] = asyncio.Event()
                group.create_task(self._piece(tenant, name))
            await settled()
            yield
            for name in names:
                self._ends[name].set()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settled()

    async def _piece(self, tenant: str, name: str) -> None:
        async with self.share.turn(tenant):
            self.begun.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_more_than_a_share_waits_in_order_and_nobody_else_does() -> None:
    async def scenario() -> None:
        work = Work(DatabaseShare(2))
        async with work.under_way("ada", "1", "2", "3", "4"):
            assert work.begun == ["1", "2"]
            async with work.under_way("bob", "bobs"):
                assert work.begun == ["1", "2", "bobs"]
            await work.end("1")
            assert work.begun[3:] == ["3"]
        assert work.begun[3:] == ["3", "4"]

    run(scenario())


def test_who_waits_too_long_is_told_to_come_back() -> None:
    async def scenario() -> None:
        work = Work(DatabaseShare(1))
        async with work.under_way("ada", "1"):
            with pytest.raises(ApiError) as refused:
                async with work.share.turn("ada", longest_wait=0.01):
                    pass
            assert (refused.value.code, refused.value.status) == ("busy", 503)
            assert refused.value.retry_after
        async with work.share.turn("ada", longest_wait=0.01):  # it left no trace
            pass

    run(scenario())


def test_so_many_may_wait() -> None:
    async def scenario() -> None:
        work = Work(DatabaseShare(1, waiting=1))
        async with work.under_way("ada", "1", "2"):
            with pytest.raises(ApiError, match="busy"):
                async with work.share.turn("ada"):
                    pass
            async with work.under_way("bob", "bobs"):
                assert work.begun == ["1", "bobs"]

    run(scenario())


def test_what_fails_or_is_canceled_gives_its_turn_back() -> None:
    async def scenario() -> None:
        share = DatabaseShare(1)
        with pytest.raises(ZeroDivisionError):
            async with share.turn("ada"):
                _ = 1 / 0

        async def wait_for_ever() -> None:
            async with share.turn("ada"):
                await asyncio.Event().wait()

        holder, waiter = asyncio.create_task(wait_for_ever()), asyncio.create_task(wait_for_ever())
        await settled()
        waiter.cancel()
        holder.cancel()
        await asyncio.gather(holder, waiter, return_exceptions=True)
        async with share.turn("ada", longest_wait=0.01):
            pass

    run(scenario())


def test_a_long_turn_rests_before_its_tenant_has_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_share, "LONG", 0.01)

    async def scenario() -> None:
        share = DatabaseShare(1)
        clock = asyncio.get_running_loop().time
        async with share.turn("ada"):
            begun = clock()
            await asyncio.sleep(0.02)
        took = clock() - begun
        async with share.turn("bob", longest_wait=0.0):  # nobody else rests
            pass
        async with share.turn("ada"):
            assert clock() - begun >= took + database_share.rest_after(took) - 0.001

    run(scenario())


@pytest.mark.parametrize(
    ("took", "rest"),
    [(0.0, 0.0), (0.049, 0.0), (0.05, 0.45), (0.1, 0.9), (0.2, 1.0), (20.0, 1.0)],
)
def test_the_rest_after_a_turn(took: float, rest: float) -> None:
    assert database_share.rest_after(took) == pytest.approx(rest)
