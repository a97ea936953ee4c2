"""Beyond what it can hold, the service says so at once, and takes requests again when others have ended."""

import asyncio

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.crowd import Crowd


def test_one_too_many_is_told_to_come_back() -> None:
    async def scenario() -> tuple[httpx.Response, httpx.Response, list[httpx.Response]]:
        arrived, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/slow":
                arrived.release()
                await go_on.wait()
            await PlainTextResponse("ok")(scope, receive, send)

        transport = httpx.ASGITransport(app=Crowd(slow, most=2))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            waiting = [asyncio.ensure_future(client.get("/slow")) for _ in range(2)]
            for _ in waiting:
                await arrived.acquire()
            refused, health = await client.get("/v1/smelts"), await client.get("/healthz")
            go_on.set()
            return refused, health, [*await asyncio.gather(*waiting), await client.get("/v1/smelts")]

    refused, health, answered = asyncio.run(scenario())
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "busy", "2")
    assert health.status_code == 200
    assert [reply.status_code for reply in answered] == [200, 200, 200]
