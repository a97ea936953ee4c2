"""What a smelt costs: processor time by process, statements, and smelts a second, against an earlier commit.

Both trees' services run at once, and are given work by turns: so whatever else the machine does meets both alike, and
what each takes while it has nothing to do is known, and left out. Each has had so many smelts before that Postgres
keeps its plans.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg

from tests.benchmarks import harness, load
from tests.benchmarks.harness import Bench, bench_service
from tests.benchmarks.load import (
    KEEPS_PLANS,
    OURS,
    TEXT,
    beyond_rest,
    connection,
    post,
    post_ones,
    times,
    token,
    wait_until_completed,
)
from tests.support.llm_server import running as running_llm

BASELINE = os.environ.get("BENCH_BASELINE", "9d207f6")  # before a smelt's work was halved
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "4"))
SMELTS = int(os.environ.get("BENCH_SMELTS", "160"))  # in each round
PARTS = int(os.environ.get("BENCH_PARTS", "1000"))
COUNTED = 10  # smelts whose statements are counted
LOCAL_USER = UUID("00000000-0000-4000-8000-000000000001")  # who may send a thousand texts
MANY = json.dumps(
    {"texts": [f"{number}. {TEXT}" for number in range(PARTS)], "default_prompt_names": ["summarize"]}
).encode()
# But for those that only begin or end a transaction: how many messages they take differs from commit to commit.
STATEMENT = re.compile(
    r"^(smelt [a-z_ ]+?)(?: \d+)?\|LOG:  (?:statement|execute [^:]*): "
    r"(?!(?i:begin[^;]*(?:; select set_config[^;]*)?|select set_config\('role'[^;]*|commit)$)(.{0,40})"
)


@dataclass
class Tree:
    """A service from one tree, in a process that is told what to do. `seconds`: of processor time, by process, and how
    long that took, with work and without.
    """

    process: "subprocess.Popen[str]"
    work: Counter[str] = field(default_factory=Counter)
    rest: Counter[str] = field(default_factory=Counter)

    def ask(self, *command: str) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, float] = json.loads(self.process.stdout.readline())
        return answer

    def spent(self, name: str) -> float:
        """Seconds of processor time for the work alone."""
        return beyond_rest(self.work, self.rest, name)

    def forget(self) -> None:
        self.work, self.rest = Counter(), Counter()


def measure() -> None:
    with ExitStack() as stack:
        before = Tree(stack.enter_context(served(stack.enter_context(checked_out(BASELINE)))))
        now = Tree(stack.enter_context(served(Path.cwd())))
        for _ in range(ROUNDS):
            _by_turns(now, before, "ones")
        _tell("a one-text smelt", now, before, ROUNDS * SMELTS)
        _by_turns(now, before, "batch")
        _tell(f"a part of {PARTS:,}", now, before, PARTS)
        then = before.ask("statements")
        for name, count in now.ask("statements").items():
            print(f"{name}: {count:.1f}, before {then[name]:.1f}", flush=True)


def _by_turns(now: Tree, before: Tree, work: str) -> None:
    for busy, idle in ((now, before), (before, now)):
        marks = [(tree.ask("times"), tree) for tree in (busy, idle)]
        busy.ask(work)
        for mark, tree in marks:
            passed = Counter(tree.ask("times"))
            passed.subtract(mark)
            (tree.work if tree is busy else tree.rest).update(passed)


def _tell(what: str, now: Tree, before: Tree, count: int) -> None:
    """And forgets what it told."""
    figures = [(tree, {name: 1_000 * tree.spent(name) / count for name in OURS}) for tree in (now, before)]
    (_, here), (_, then) = figures
    for name in ("all", *OURS):
        mine, its = (sum(of.values()) if name == "all" else of[name] for of in (here, then))
        print(f"CPU of {what}, {name}: {mine:.1f} ms, before {its:.1f} ms, ratio {_ratio(mine, its):.2f}")
    mine, its = (count / tree.work["wall"] for tree in (now, before))
    print(f"{what}, a second: {mine:.1f}, before {its:.1f}, ratio {_ratio(mine, its):.2f}", flush=True)
    for tree in (now, before):
        tree.forget()


def _ratio(now: float, then: float) -> float:
    return now / then if then > 0 else float("nan")


@contextmanager
def served(tree: Path) -> "Iterator[subprocess.Popen[str]]":
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.cost", "serve"],
        cwd=tree,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n", "the service didn't start"
        yield process
        process.stdin.close()


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """That commit's tree, with this measurement in it."""
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
    with TemporaryDirectory(prefix="smelt-before-", dir="/tmp") as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as tree:
            tree.extractall(folder, filter="data")
        for measuring in (Path(__file__), Path(harness.__file__), Path(load.__file__)):
            (Path(folder) / measuring.relative_to(Path.cwd())).write_bytes(measuring.read_bytes())
        yield Path(folder)


def serve() -> None:
    """Of the tree in the working directory, until stdin ends."""
    with (
        running_llm() as llm,
        bench_service(llm_base_url=llm.url, llm_model="fake-model", local_user=LOCAL_USER) as bench,
        psycopg.connect(bench.service.owner_url, autocommit=True) as owner,
    ):
        owner.execute("set role service_role")
        post_ones(bench, KEEPS_PLANS)
        wait_until_completed(owner)
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(_done(line.strip(), bench, owner)), flush=True)


def _done(work: str, bench: Bench, owner: psycopg.Connection) -> dict[str, float]:
    if work == "times":
        return dict(times(owner))
    if work == "statements":
        return _statements(bench, owner)
    if work == "ones":
        post_ones(bench, SMELTS)
    else:
        with connection(bench.service.address) as to:
            post(to, token(bench, LOCAL_USER), MANY, "application/json")
    wait_until_completed(owner)
    return {}


def _statements(bench: Bench, owner: psycopg.Connection) -> dict[str, float]:
    """Of one smelt after the other, as Postgres hears them; what the processes say at intervals is left out."""
    log = bench.service.settings.data_dir / "postgres" / "log"
    owner.execute("reset role")
    for name, value in (("log_statement", "all"), ("log_line_prefix", "%a|")):
        owner.execute(f"alter system set {name} = '{value}'")
    owner.execute("select pg_reload_conf()")
    time.sleep(0.5)
    start = log.stat().st_size
    owner.execute("set role service_role")
    for _ in range(COUNTED):
        post_ones(bench, 1, clients=1)
        wait_until_completed(owner)
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    heard = [found for line in lines if (found := STATEMENT.match(line))]
    asked = Counter(
        "api" if "api" in found[1] else "workers"
        for found in heard
        if "api" in found[1] or (found[1].startswith("smelt worker synthesize") and "heart" not in found[1])
    )
    if folder := os.environ.get("BENCH_STATEMENTS"):
        Path(folder).write_text("\n".join(line for line in lines if STATEMENT.match(line)))
    return {f"{name}, statements a one-text smelt": asked[name] / COUNTED for name in ("api", "workers")}


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        measure()
