"""Text smelts a second through the whole service, and the time from POST to `completed` when it is idle."""

import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker

from tests.benchmarks.harness import Bench, bench_service
from tests.support.llm_server import running as running_llm
from workers.notifications.queue_notifications import make_broker

SMELTS = 600
CLIENTS = 8
IDLE_POSTS = 100
NOOPS = 20_000
TEXT = "Alice will send the budget report by Friday. Bob asked who reviews the contract."


def measure() -> None:
    with running_llm() as llm, bench_service(llm_base_url=llm.url, llm_model="fake-model") as bench:
        _warm(bench)
        latencies = _idle_latencies(bench)
        through = _throughput(bench)
        bare = _bare_noops(bench.service.settings.need("redis_url"))
    p50, p95 = statistics.median(latencies), statistics.quantiles(latencies, n=20)[18]
    print(f"POST to completed, idle: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (aim: p95 under 40 ms)")
    print(
        f"text smelts through the service: {through:.0f}/s; bare no-op actors: {bare:.0f}/s; ratio {through / bare:.3f}"
    )


def _warm(bench: Bench) -> None:
    with bench.client("ada") as client:
        for _ in range(5):
            client.wait(client.post(texts=(TEXT,), default_prompt_names="summarize"), every=0.005)


def _idle_latencies(bench: Bench) -> list[float]:
    """Seen by a client that polls every 2 ms."""
    latencies = []
    with bench.client("ada") as client:
        for _ in range(IDLE_POSTS):
            started = time.perf_counter()
            client.wait(client.post(texts=(TEXT,), default_prompt_names="summarize"), every=0.002)
            latencies.append(time.perf_counter() - started)
            time.sleep(0.05)  # idle again: the next post finds sleeping workers
    return latencies


def _throughput(bench: Bench) -> float:
    def post(worker: int) -> list[str]:
        with bench.client(f"user{worker}") as client:
            return [
                client.post(texts=(TEXT,), default_prompt_names="summarize") for _ in range(SMELTS // CLIENTS)
            ]

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        posted = list(pool.map(post, range(CLIENTS)))
    for worker, ids in enumerate(posted):
        with bench.client(f"user{worker}") as client:
            for smelt_id in ids:
                client.wait(smelt_id, every=0.01)
    return SMELTS / (time.perf_counter() - started)


def _bare_noops(redis_url: str) -> float:
    """Enqueued by this process, run by two worker processes of eight threads."""
    broker = make_broker(RedisBroker, redis_url, "bench", timeout=None)
    command = [
        sys.executable,
        "-m",
        "dramatiq",
        "tests.benchmarks.notifications_only:broker",
        "-p",
        "2",
        "-t",
        "8",
    ]
    environment = {**os.environ, "BENCH_REDIS_URL": redis_url}
    with redis.Redis.from_url(redis_url) as client:
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            broker.enqueue(Message("noop", "noop", (), {}, {}))
            _wait_for(client, 1)  # both processes have started, or are about to
            started = time.perf_counter()
            for _ in range(NOOPS):
                broker.enqueue(Message("noop", "noop", (), {}, {}))
            _wait_for(client, NOOPS + 1)
            return NOOPS / (time.perf_counter() - started)
        finally:
            process.terminate()
            process.wait()


def _wait_for(client: redis.Redis, count: int) -> None:
    deadline = time.monotonic() + 60
    while int(client.get("bench:done") or 0) < count:
        assert time.monotonic() < deadline, "the baseline stands still"
        time.sleep(0.01)


if __name__ == "__main__":
    measure()
