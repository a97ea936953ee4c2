"""What the service adds to a call of a language model, and how many calls one `synthesize` process keeps in flight."""

import statistics
import time

import psutil
from openai import OpenAI

from tests.benchmarks.harness import Bench, Client, Peak, bench_service
from tests.support.llm_server import LlmServer, Step
from tests.support.llm_server import running as running_llm

CALLS = 300
SLOTS = 64
BATCH = 25  # texts to a smelt, so that the API's pace is not what is measured
LATENCY = 2.0  # seconds that the model thinks, so that calls are in flight together
TEXT = "Alice will send the budget report by Friday. Bob asked who reviews the contract. " * 125  # 10 kB


def measure() -> None:
    with running_llm() as llm:
        with bench_service(llm_base_url=llm.url, synthesize_slots=4) as bench, bench.client("ada") as client:
            service = _cpu_per_call(bench, client)
        bare = _bare_cpu_per_call(llm)
        with bench_service(llm_base_url=llm.url, synthesize_slots=SLOTS) as bench:
            in_flight, megabytes = _in_flight(bench, llm)
    print(
        f"CPU that the service adds to a call: {(service - bare) * 1000:.1f} ms (aim: under 15 ms): its synthesize "
        f"process takes {service * 1000:.1f} ms, a bare call of the SDK {bare * 1000:.1f} ms"
    )
    print(
        f"calls in flight in one synthesize process: {in_flight} at {megabytes:.0f} MB (aim: 64 at under 300 MB)"
    )


def _cpu_per_call(bench: Bench, client: Client) -> float:
    """Claim, content, prompt, call, result and settlement, in seconds; the idle process's own looks included."""
    _apply(client, 10)
    worker = _synthesizer(bench)
    before = _cpu(worker)
    _apply(client, CALLS)
    return (_cpu(worker) - before) / CALLS


def _apply(client: Client, calls: int) -> None:
    """Smelts of texts with one prompt, from POST to their ends; a call for each text."""
    sizes = [min(BATCH, calls - begun) for begun in range(0, calls, BATCH)]
    ids = [client.post(texts=(TEXT,) * size, default_prompt_names="summarize") for size in sizes]
    for smelt_id in ids:
        client.wait(smelt_id)


def _bare_cpu_per_call(llm: LlmServer) -> float:
    client = OpenAI(base_url=llm.url, api_key="none", max_retries=0)
    spent = []
    for _ in range(CALLS // 3):
        begun = time.thread_time()
        chunks = client.chat.completions.create(
            model="fake-model", messages=[{"role": "user", "content": TEXT}], stream=True
        )
        assert list(chunks)
        spent.append(time.thread_time() - begun)
    return statistics.mean(spent)


def _in_flight(bench: Bench, llm: LlmServer) -> tuple[int, float]:
    """The most calls at once that the model has seen, and the process's largest size in MB meanwhile."""
    with bench.client("ada") as client:
        _apply(client, 2)
        llm.most_at_once, llm.default = 0, Step(latency=LATENCY)
        peak = Peak(_synthesizer(bench))
        with peak:
            _apply(client, 3 * SLOTS)
    llm.default = Step()
    return llm.most_at_once, peak.highest / 1e6


def _synthesizer(bench: Bench) -> psutil.Process:
    """The process whose threads apply prompts: a child of the pool's master."""
    return max(bench.pool("synthesize"), key=lambda process: process.num_threads())


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    measure()
