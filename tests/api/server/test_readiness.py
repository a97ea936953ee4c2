"""Whoever asks whether a process can serve costs it nothing more than the one look that is due."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.server.readiness import Readiness
from pipeline.checks import Check, NotReady
from tests.api.conftest import RunningApi


def failing(message: str) -> Callable[[], str]:
    def probe() -> str:
        raise NotReady(message, "and the rest")

    return probe


def noting(looks: list[str], name: str) -> Callable[[], str]:
    def probe() -> str:
        looks.append(name)
        return ""

    return probe


def test_a_crowd_costs_one_look_of_each_check(
    api: RunningApi, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    checks = [Check(name, noting(looks, name), 60.0) for name in ("one", "two")]
    object.__setattr__(api.services, "readiness", Readiness(checks))
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: visitor.get("/readyz"), range(200)))
    assert {reply.status_code for reply in replies} == {200}
    assert looks == ["one", "two"]


def test_a_look_that_hangs_is_refused_by_its_deadline_and_begun_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.server.readiness.DEADLINE", 0.2)
    let_go, looks = threading.Event(), []

    def hang() -> str:
        looks.append(1)
        let_go.wait(30)
        return ""

    async def ask() -> None:
        readiness = Readiness([Check("content store", hang, 60.0)])
        begun = time.monotonic()
        for _ in range(50):
            with pytest.raises(NotReady, match=r"content store has not answered"):
                await readiness.check()
        assert time.monotonic() - begun < 2.0  # 50 deadlines are 10 s
        let_go.set()
        while looks == [1]:
            try:
                await readiness.check()
            except NotReady:
                continue
            return

    asyncio.run(ask())
    assert looks == [1]


def test_the_first_that_refuses_speaks_and_keeps_those_behind_it_unasked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[str] = []
    readiness = Readiness([Check("a", failing("Mend a.")), Check("b", noting(asked, "b"))])
    for _ in range(2):
        with pytest.raises(NotReady, match=r"^Mend a\.$"):
            asyncio.run(readiness.check())
    assert asked == []
    assert caplog.messages.count("not ready: a: Mend a. (and the rest)") == 1
