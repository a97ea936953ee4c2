"""One-text smelts of several clients at once, and the processor time that each process of the service took for them.

Times are those of the processes themselves, from the kernel's accounts: neither the client nor the language model's
stand-in count.
"""

import http.client
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import UUID

import psutil
import psycopg

from deploy.local_users import mint
from tests.benchmarks.harness import Bench
from tests.support.secrets import JWT_SECRET

CLIENTS = 8
KEEPS_PLANS = 640  # smelts in a new database, from which on Postgres keeps its plans: `smelt_meta.plans`
OURS = ("api", "synthesize", "postgres", "redis")
TEXT = "Alice will send the budget report by Friday. Bob asked who reviews the contract."
BOUNDARY = "load"
ONE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="texts"\r\n\r\n{TEXT}\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="default_prompt_names"\r\n\r\nsummarize\r\n'
    f"--{BOUNDARY}--\r\n"
).encode()
LOOK_SECONDS = 0.02  # between two looks whether all have ended


def post_ones(bench: Bench, count: int, clients: int = CLIENTS, addresses: Sequence[str] = ()) -> None:
    """`addresses`: of the API's processes, of which each client has one; the service's own unless told."""
    addresses = addresses or (bench.service.address,)

    def post_own(client: int) -> None:
        who = token(bench, UUID(int=(4 << 76) + (8 << 60) + 16 + client))
        with connection(addresses[client % len(addresses)]) as to:
            for _ in range(count // clients):
                post(to, who, ONE, f"multipart/form-data; boundary={BOUNDARY}")

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(post_own, range(clients)))


@contextmanager
def connection(address: str) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(address)
    to = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        yield to
    finally:
        to.close()


def token(bench: Bench, user: UUID) -> str:
    return mint(JWT_SECRET, bench.service.settings.jwt_audience, user, f"{user}@example.org")


def post(to: http.client.HTTPConnection, who: str, body: bytes, kind: str) -> None:
    """`who`: a token. Raises AssertionError unless the smelt is accepted."""
    to.request("POST", "/v1/smelts", body, {"Authorization": f"Bearer {who}", "Content-Type": kind})
    reply = to.getresponse()
    said = reply.read()
    assert reply.status == http.client.ACCEPTED, said


def wait_until_completed(owner: psycopg.Connection, seconds: float = 600) -> None:
    """Raises AssertionError if a smelt ends otherwise, or it takes longer."""
    deadline = time.monotonic() + seconds
    while owner.execute(
        "select exists (select from smelts where status not in ('completed', 'failed', 'canceled'))"
    ).fetchone() != (False,):
        assert time.monotonic() < deadline, "the smelts stand still"
        time.sleep(LOOK_SECONDS)
    assert owner.execute("select count(*) from smelts where status <> 'completed'").fetchone() == (0,)


def times(owner: psycopg.Connection) -> Counter[str]:
    """Seconds of processor time so far, of each process and of those below it that have ended; and of all time, as
    `wall`. Without what Postgres took for `owner`, who only looks on.
    """
    spent: dict[str, float] = defaultdict(float, wall=time.monotonic())
    for root in psutil.Process().children():
        try:
            name = _name(root)
            for process in (root, *root.children(recursive=True)):
                if process.pid != owner.info.backend_pid:
                    spent[name] += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return Counter(spent)


def times_of(owner: psycopg.Connection, work: Callable[[], object]) -> Counter[str]:
    """As `times`, of what happens while `work` runs."""
    before = times(owner)
    work()
    after = times(owner)
    after.subtract(before)
    return after


def beyond_rest(work: Counter[str], rest: Counter[str], name: str) -> float:
    """Seconds of processor time of the work alone. `rest`: of a time without work; empty if there was none."""
    idle = rest[name] / rest["wall"] if rest["wall"] else 0.0
    return float(work[name] - idle * work["wall"])


def _name(process: psutil.Process) -> str:
    command = process.cmdline()
    if process.name().startswith("postgres"):
        return "postgres"
    if "valkey" in process.name():
        return "redis"
    return next((name for name in ("api", "synthesize") if name in command), "others")
