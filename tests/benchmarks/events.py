"""How much memory an API process takes with a thousand followers, and how soon they hear of a change."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil

from tests.benchmarks.harness import Bench, Client, bench_service

FOLLOWERS = 1_000
SMELTS = 100
ROOM = {
    "streams_per_caller": FOLLOWERS,
    "connections_per_address": FOLLOWERS + 100,
}  # all are one user's, from here
AT_ONCE = 50  # connections that are being opened


def measure() -> None:
    with bench_service(**ROOM) as bench, bench.client("ada") as client:
        client.wait(client.post(texts=("hello there",), default_prompt_names="summarize"))
        with _held(bench.pool("synthesize")):
            smelts = [client.post(texts=("hello",), default_prompt_names="summarize") for _ in range(SMELTS)]
            before = bench.api.memory_info().rss
            memory, delays = asyncio.run(_follow(bench, client, smelts))
    print(
        f"{FOLLOWERS} followers of {SMELTS} smelts on one API process: {memory / 1e6:.0f} MB, "
        f"{before / 1e6:.0f} MB without (aim: under 300 MB); from sending a cancel until its followers have the "
        f"end: median {_at(delays, 0.5) * 1e3:.0f} ms, 99th percentile {_at(delays, 0.99) * 1e3:.0f} ms"
    )


async def _follow(bench: Bench, client: Client, smelts: list[str]) -> tuple[int, list[float]]:
    """The API's resident bytes with all connected, and each follower's seconds from the end to hearing of it."""
    opening, ended = asyncio.Semaphore(AT_ONCE), dict[str, float]()
    connected = asyncio.Semaphore(0)

    async def follower(smelt_id: str) -> float:
        async with opening:
            address = urlsplit(bench.service.address)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(
                f"GET /v1/smelts/{smelt_id}/events HTTP/1.1\r\nHost: bench\r\n"
                f"Authorization: {client.http.headers['Authorization']}\r\n\r\n".encode()
            )
            await reader.readuntil(b"event: output")
            connected.release()
        await reader.readuntil(b"event: done")
        heard = time.perf_counter()
        writer.close()
        return heard - ended[smelt_id]

    followers = [asyncio.create_task(follower(smelts[n % len(smelts)])) for n in range(FOLLOWERS)]
    for _ in followers:
        await connected.acquire()
    memory: int = bench.api.memory_info().rss
    for smelt_id in smelts:
        ended[smelt_id] = time.perf_counter()
        await asyncio.to_thread(client.http.post, f"/v1/smelts/{smelt_id}/cancel")
    return memory, sorted(await asyncio.gather(*followers))


@contextmanager
def _held(processes: list[psutil.Process]) -> Iterator[None]:
    """So that the smelts wait."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _at(values: list[float], share: float) -> float:
    return values[int(len(values) * share)]


if __name__ == "__main__":
    measure()
