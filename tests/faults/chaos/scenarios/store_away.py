"""The content store, then the language model's server, goes away in the middle of work: it waits, and says for what."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from pipeline.states import WaitingFor
from tests.faults.chaos.load import load
from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.world import World, world
from tests.recordings import recording
from tests.support.llm_server import STEPS, Step
from tests.support.waiting import wait_until

AWAY, SHORT_AWAY = 20.0, 3.0  # seconds
ATTEMPTS = 3  # failures after which a part fails: less than it makes attempts while something is away
# Seconds from the return until nothing waits any more: the longest pause, that of the circuit, and the queue
BACK_WITHIN = 60.0
WAIT_SECONDS = 90.0
SIZE = 96  # MB of the file system that can be filled
ANSWERS = Step(latency=0.1)


@dataclass(frozen=True)
class _Outage:
    name: str
    of: WaitingFor
    begin: Callable[[World], None]
    end: Callable[[World], None]


def store_away(seed: int, full: bool) -> Result:
    seconds = AWAY if full else SHORT_AWAY
    with (
        _file_system(mounted=full) as place,
        world(
            seed,
            transcribe_slots=2,
            synthesize_slots=16,
            tick_seconds=1.0,
            max_attempts=ATTEMPTS,
            content_url=(place.path / "content").as_uri(),
        ) as it,
    ):
        it.llm.default = ANSWERS
        measured = {}
        with load(it, clients=1, texts=1):
            for outage in _outages(place, full=full):
                measured[f"{outage.name}: all back at work after"] = (
                    f"{_live_through(it, outage, seconds):.1f} s"
                )
        outcome = result("content store and language model away", it, WAIT_SECONDS)
        assert not it.oracle.silences, it.oracle.silences
        _nothing_failed(it)
    return replace(outcome, measured=measured)


@dataclass(frozen=True)
class _Place:
    path: Path
    mounted: bool

    @property
    def content(self) -> Path:
        return self.path / "content"


def _outages(place: _Place, *, full: bool) -> Iterator[_Outage]:
    store, model = WaitingFor.CONTENT_STORE, WaitingFor.LANGUAGE_MODEL
    aside, ballast = place.path / "aside", place.path / "ballast"

    def answer(step: Step) -> Callable[[World], None]:
        return lambda it: setattr(it.llm, "default", step)

    yield _Outage(
        "store gone", store, lambda _: _rename(place.content, aside), lambda _: _rename(aside, place.content)
    )
    yield _Outage("model gone", model, lambda it: it.llm.leave(), lambda it: it.llm.come_back())
    if full:
        yield _Outage("model overloaded", model, answer(STEPS["unavailable"]), answer(ANSWERS))
    if place.mounted:
        yield _Outage("store full", store, lambda _: _fill(ballast), lambda _: ballast.unlink())


def _live_through(it: World, outage: _Outage, seconds: float) -> float:
    """Seconds from its end until all that waited is worked on again."""
    for _ in range(3):
        it.oracle.post_recordings(recording("silence.wav"), 2, ("summarize",), script="seconds=0.5")
        it.oracle.post_texts(4)
    done = it.done_parts()
    wait_until(lambda: it.done_parts() > done, WAIT_SECONDS)
    outage.begin(it)
    it.hits += 1
    gone = time.monotonic()
    try:
        wait_until(lambda: _told(it, outage.of), WAIT_SECONDS)
        wait_until(lambda: time.monotonic() > gone + seconds, seconds + WAIT_SECONDS)
    finally:
        outage.end(it)
    sql = """
        select (select count(*) from smelt_files where waiting_for is not null)
            + (select count(*) from smelt_outputs where waiting_for is not null)
    """
    return it.recovered(lambda: it.query(sql) == [(0,)], BACK_WITHIN)


def _told(it: World, what: WaitingFor) -> bool:
    """Whether a client that reads its smelt is told that a part of the smelt waits."""
    rows = it.query(
        """
        select smelt_id::text from smelt_files where waiting_for = %s::waiting_for
        union select smelt_id::text from smelt_outputs where waiting_for = %s::waiting_for limit 5
        """,
        *(what.value, what.value),
    )
    return any(_waits(it, str(smelt), what) for (smelt,) in rows)


def _waits(it: World, smelt: str, what: WaitingFor) -> bool:
    owner = it.oracle.owners.get(smelt)
    if owner is None:  # its post has no answer yet
        return False
    url = f"{it.service.address}/v1/smelts/{smelt}"
    seen = httpx.get(url, headers=owner, timeout=10, trust_env=False).raise_for_status().json()
    return any(part["waiting_for"] == what for part in [*seen["files"], *seen["outputs"]])


def _nothing_failed(it: World) -> None:
    failed = it.query(
        """
        select 'smelt', status::text, 0 from smelts where status <> 'completed'
        union all select 'file', status::text, failures from smelt_files where failures > 0
        union all select 'output', status::text, failures from smelt_outputs where failures > 0
        """
    )
    assert not failed, f"an outage was counted: {failed}"


@contextmanager
def _file_system(*, mounted: bool) -> Iterator[_Place]:
    """A folder for the content store's; small enough to be filled, where that is wished for and allowed."""
    with TemporaryDirectory(prefix="smelt-store-", dir="/tmp") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=700", "tmpfs", folder]
        mounted = mounted and subprocess.run(command, check=False, capture_output=True).returncode == 0
        try:
            yield _Place(Path(folder), mounted)
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)


def _rename(source: Path, target: Path) -> None:
    source.rename(target)


def _fill(ballast: Path) -> None:
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass
    except OSError:
        return  # no space left
