"""What more processes of the API and of the synthesize pool give on one machine, and which of them, or what else, has
no more to give: one-text smelts a second, and what each process took for one.

On a machine of few cores the rate can't grow much. How it would grow with more is told by the processor time: what a
process of one core could do at the most, and whether a smelt costs more where there are more processes.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
import psycopg

from deploy.supervisor.environment import child_environment
from deploy.supervisor.processes import Processes
from deploy.supervisor.starting import StartingPools
from pipeline.processes.cores import cores
from tests.benchmarks.harness import COMMANDS_HERE, Bench, bench_service
from tests.benchmarks.load import KEEPS_PLANS, OURS, beyond_rest, post_ones, times_of, wait_until_completed
from tests.support.llm_server import running as running_llm
from tests.support.scraping import free_port
from tests.support.waiting import wait_until

APIS, WORKERS = (1, 2), (1, 2, 4)
SMELTS = int(os.environ.get("BENCH_SMELTS", "320"))  # of each number of processes
WARMING = 80
REST_SECONDS = 3.0
START_SECONDS = 60.0
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Measured:
    """`work`, `rest`: of `times`, with work and without. `clients`: seconds of processor time of this process, which
    posts and stands for the language model. `busy`: share of the machine, whoever it works for.
    """

    apis: int
    workers: int
    work: Counter[str]
    rest: Counter[str]
    clients: float
    busy: float

    def told(self) -> str:
        took = self.work["wall"]
        spent = {name: beyond_rest(self.work, self.rest, name) for name in OURS}
        all_of_it = sum(spent.values())
        ms = ", ".join(f"{name} {1_000 * spent[name] / SMELTS:.1f}" for name in OURS)
        in_use = {
            "each API": spent["api"] / self.apis,
            "each worker": spent["synthesize"] / self.workers,
            "Postgres": spent["postgres"],
            "Redis": spent["redis"],
            "clients and language model": self.clients,
        }
        used = ", ".join(f"{name} {seconds / took:.2f}" for name, seconds in in_use.items())
        besides = self.busy * cores() - (all_of_it + self.clients) / took
        return (
            f"{self.apis} API, {self.workers} workers: {SMELTS / took:.1f} one-text smelts a second; CPU of one: "
            f"{ms}, all {1_000 * all_of_it / SMELTS:.1f} ms\n"
            f"  cores in use: {used}, all else on this machine {besides:.2f}; idle {(1 - self.busy) * cores():.2f} of "
            f"{cores()}"
        )


def measure() -> None:
    with (
        running_llm() as llm,
        # A pool is one process then: the one that is kept for short outputs would be another.
        bench_service(llm_base_url=llm.url, llm_model="fake-model", synthesize_short_slots=0) as bench,
        psycopg.connect(bench.service.owner_url, autocommit=True) as owner,
    ):
        owner.execute("set role service_role")
        post_ones(bench, KEEPS_PLANS)
        wait_until_completed(owner)
        for apis in APIS:
            for workers in WORKERS:
                with _more(bench, apis - 1, workers - 1) as addresses:
                    measured = _measured(bench, owner, apis, workers, (bench.service.address, *addresses))
                print(measured.told(), flush=True)


@contextmanager
def _more(bench: Bench, apis: int, pools: int) -> Iterator[list[str]]:
    """So many more on the same engines, as other machines would have them; the addresses of these APIs."""
    ports = {f"api {number}": free_port() for number in range(apis)}
    workers = [f"synthesize {number}" for number in range(pools)]
    settings = bench.service.settings

    def environment(name: str) -> dict[str, str]:
        changes = {"port": ports.get(name, settings.port)}
        return child_environment(settings.model_copy(update=changes), isolated=True)

    starting = StartingPools(workers)
    commands = {name: COMMANDS_HERE[name.split()[0]] for name in (*ports, *workers)}
    processes = Processes(commands, environment, starting.hear)
    addresses = [f"http://127.0.0.1:{port}" for port in ports.values()]
    processes.start()
    try:
        wait_until(lambda: not starting.waited_for and all(map(_answers, addresses)), START_SECONDS)
        yield addresses
    finally:
        processes.stop(GRACE_SECONDS)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _measured(
    bench: Bench, owner: psycopg.Connection, apis: int, workers: int, addresses: Sequence[str]
) -> Measured:
    def work(smelts: int) -> None:
        post_ones(bench, smelts, addresses=addresses)
        wait_until_completed(owner)

    work(WARMING)
    rest = times_of(owner, lambda: time.sleep(REST_SECONDS))
    psutil.cpu_percent()  # of the time until it is asked again
    clients = _own()
    worked = times_of(owner, lambda: work(SMELTS))
    return Measured(apis, workers, worked, rest, _own() - clients, psutil.cpu_percent() / 100)


def _own() -> float:
    """Seconds of processor time of this process so far."""
    return sum(psutil.Process().cpu_times()[:2])


if __name__ == "__main__":
    measure()
