"""The load on a backlog: a process that posts, and now and then claims and completes.

It calls what the API and the workers call, so its transactions are the true ones; HTTP, encryption and the engines are
left out. One API beside all the rest on two cores takes fewer posts: this stands for several on other machines.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from uuid import UUID

from uuid_utils.compat import uuid7

from db.session import Database
from db.smelts.admission import admit
from db.smelts.new_smelt import NewFile, NewSmelt
from db.work.claims import Claim, WorkTable, claim_next
from db.work.files import FILES, begin_file, finish_file
from db.work.outputs import OUTPUTS, begin_output, finish_output
from pipeline.states import DefaultPromptName, InputType, SmeltMode, Tier
from tests.support.smelts import PLENTY

LEASE = 30.0
Steps = list[tuple[float, float]]
"""When a step began, by the monotonic clock, and how many seconds it took."""


@dataclass(frozen=True)
class Poster:
    """A user who posts: on their own key, or on credits."""

    user_id: UUID
    tier: Tier


def new_post(who: Poster, *, audio: int = 0, texts: int = 0) -> NewSmelt:
    """Recordings of 20 s, which are transcribed and no more; or texts of 1 kB, each with one prompt."""
    kinds = [InputType.AUDIO] * audio + [InputType.TEXT] * texts
    return NewSmelt(
        id=uuid7(),
        user_id=who.user_id,
        tenant=f"user:{who.user_id}",
        tier=who.tier,
        mode=SmeltMode.SEPARATE,
        default_prompt_names=(DefaultPromptName.SUMMARIZE,) if texts else (),
        user_prompt_id=None,
        language=None,
        content_key=b"wrapped",
        content_ttl_seconds=86_400,
        content_max_age_seconds=604_800,
        idempotency_key=str(uuid7()),
        request_fingerprint=b"print",
        files=[
            NewFile(
                id=uuid7(),
                input_type=kind,
                media_type="wav" if kind is InputType.AUDIO else None,
                filename=f"{place}.input",
                size_bytes=320_000 if kind is InputType.AUDIO else 1_000,
            )
            for place, kind in enumerate(kinds)
        ],
    )


@dataclass(frozen=True)
class Order:
    """What one process of the load is told. `pace`: posts a second. `every`: so manieth post is a recording, and then
    one file and one output are worked off.
    """

    database_url: str
    posters: list[tuple[str, str]]  # user, tier
    pace: float
    every: int
    seed: int


class Load:
    """From `start` to `stop`. `rate`: posts a second of all processes together."""

    def __init__(
        self, url: str, posters: Sequence[Poster], *, rate: float, every: int, processes: int, seed: int
    ) -> None:
        who = [(str(poster.user_id), str(poster.tier)) for poster in posters]
        self._orders = [
            Order(url, who, rate / processes, every, seed + number) for number in range(processes)
        ]
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Returns once every process is at work."""
        for order in self._orders:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.chaos.backlog_load"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self.processes.append(process)
            assert process.stdin is not None
            print(json.dumps(asdict(order)), file=process.stdin, flush=True)
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def stop(self) -> dict[str, Steps]:
        """The steps by name: "post", and the claims by table. Raises AssertionError if a process has failed."""
        steps: dict[str, Steps] = {}
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self.processes:
            assert process.stdout is not None
            answer = process.stdout.read()
            assert process.wait() == 0
            for name, taken in json.loads(answer).items():
                steps.setdefault(name, []).extend(taken)
        return steps


def main() -> None:
    """Reads its order from stdin, and works until that is closed."""
    order = Order(**json.loads(sys.stdin.readline()))
    stopping = threading.Event()
    threading.Thread(target=_stop_at_end_of_input, args=(stopping,), daemon=True).start()
    print("ready", flush=True)
    print(json.dumps(_run(order, stopping)))


def _stop_at_end_of_input(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()


def _run(order: Order, stopping: threading.Event) -> dict[str, Steps]:
    database = Database(order.database_url, pool_size=1)
    posters = [Poster(UUID(user), Tier(tier)) for user, tier in order.posters]
    chance = random.Random(order.seed)  # noqa: S311 - repeatable, not secret
    steps: dict[str, Steps] = {"post": [], FILES.name: [], OUTPUTS.name: []}
    due = time.monotonic()
    for number in count():
        if stopping.wait(max(0.0, due - time.monotonic())):
            break
        works = (number + 1) % order.every == 0
        new = new_post(chance.choice(posters), audio=1 if works else 0, texts=0 if works else 1)
        with _timed(steps["post"]), database.service() as conn:
            admit(conn, new, PLENTY)
        if works:
            _work_off(database, FILES, steps[FILES.name])
            _work_off(database, OUTPUTS, steps[OUTPUTS.name])
        due += 1 / order.pace
    database.close()
    return steps


@contextmanager
def _timed(steps: Steps) -> Iterator[None]:
    begun = time.monotonic()
    yield
    steps.append((begun, time.monotonic() - begun))


def _work_off(database: Database, table: WorkTable, steps: Steps) -> None:
    with _timed(steps), database.service() as conn:
        claim = claim_next(conn, table, LEASE)
    assert claim is not None, "a backlog has run dry"
    _complete(database, table, claim)


def _complete(database: Database, table: WorkTable, claim: Claim) -> None:
    if table is FILES:
        with database.service() as conn:
            begin_file(conn, claim)
        with database.service() as conn:
            finish_file(conn, claim, "en", 20.0)
    else:
        with database.service() as conn:
            begin_output(conn, claim)
        with database.service() as conn:
            finish_output(conn, claim, "model", 300, 100)


if __name__ == "__main__":
    main()
