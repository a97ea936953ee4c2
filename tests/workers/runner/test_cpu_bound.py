"""Long texts without a language model, on real processes: no lease lapses, and nobody waits for them with one line."""

import random
import time

import psutil
import psycopg
import pytest

from pipeline.processes.cores import cores
from pipeline.settings import Settings
from tests.benchmarks.harness import Bench, bench_service
from tests.faults.chaos.processes import command
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

LEASE = 2.0  # seconds
TEXTS = 24  # so many that half of them outlast three lines on a fast machine too
CHARACTERS = 120_000  # of each: some seconds of work
LINE = "Alice sends the report by Friday."
WITHIN = 10.0  # seconds for one line, on a machine whose cores are all busy
MOST = 150.0


def chinese(number: int) -> str:
    """Sentences of random signs: hardly two words are the same, which is the most work."""
    chance = random.Random(number)  # noqa: S311 - repeatable, not secret
    signs = [chr(0x4E00 + sign) for sign in range(3_000)]
    sentences = CHARACTERS // 50
    return "".join("".join(chance.choices(signs, k=49)) + "。" for _ in range(sentences))


def outputs(bench: Bench, smelt: str) -> list[tuple[str, int, int]]:
    """Status, attempt, failures of each."""
    with psycopg.connect(bench.service.owner_url) as connection:
        sql = "select status::text, attempt, failures from smelt_outputs where smelt_id = %s"
        return connection.execute(sql, (smelt,)).fetchall()


def engines() -> set[psutil.Process]:
    """Processes that texts are worked on in, of all services that the tests run."""
    family = psutil.Process().children(recursive=True)
    return {process for process in family if "pipeline.llm.engines.extractive.child" in command(process)}


@pytest.mark.timeout(300)
def test_long_texts_lose_no_lease_and_keep_no_short_one_waiting() -> None:
    others = engines()
    with bench_service(lease_seconds=LEASE) as bench, bench.client("ada") as ada, bench.client("eve") as eve:
        uploads = [(f"{n}.txt", chinese(n).encode(), "text/plain") for n in range(TEXTS)]
        long = ada.post(*uploads, default_prompt_names="summarize")
        wait_until(lambda: any(status == "processing" for status, *_ in outputs(bench, long)), 30)
        most = (
            cores() + Settings().synthesize_short_slots
        )  # those that are kept for short outputs come on top

        for _ in range(3):
            started = time.monotonic()
            eve.wait(eve.post(texts=(LINE,), default_prompt_names="summarize"), seconds=WITHIN)
            print(f"one line: {time.monotonic() - started:.2f} s")
            assert 1 <= len(engines() - others) <= most
            assert sum(status == "completed" for status, *_ in outputs(bench, long)) <= TEXTS / 2

        started = time.monotonic()
        ada.wait(long, seconds=MOST, every=0.2)
        print(f"the rest: {time.monotonic() - started:.2f} s")
        assert outputs(bench, long) == [("completed", 1, 0)] * TEXTS
