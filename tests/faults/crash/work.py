"""A worker of every queue in this process: the real work, on a scripted speech engine and the extractive one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from pydantic import SecretStr

import workers.actors.maintenance
import workers.runner.lease
from db.work.claims import Claim
from pipeline.errors import WorkError
from pipeline.llm.engines.base import SynthesisEngine
from pipeline.llm.engines.extractive.engine import ExtractiveEngine
from pipeline.settings import Settings
from pipeline.speech.gate import Gate
from pipeline.speech.process import SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.transcript import Segment, Transcript
from pipeline.states import ErrorCode
from tests.support.heartbeats import HeartbeatByHand
from workers.actors.deliver import deliver, make_outbound
from workers.actors.maintenance import maintain
from workers.actors.synthesize import synthesize
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName
from workers.pools.engines import SynthesisEngines
from workers.runner.lease import Lease
from workers.runner.run import run_all, run_next
from workers.runner.task import Task
from workers.services import Services

SPOKEN = Transcript((Segment(0.0, 7.0, "Ann ships the report on Friday."),), "en", 7.0)


class Speech:
    """Of a SpeechProcess, what its worker uses. `fails`: whether every recording is broken."""

    pace = 1.0
    clock = staticmethod(time.monotonic)

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails
        self.gate = Gate()

    def transcribe(self, _job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        on_tick(SpeechProgress(3.0, 7.0))
        if self._fails:
            raise WorkError(ErrorCode.CORRUPTED_FILE)
        on_tick(SpeechProgress(7.0, 7.0))
        return SPOKEN

    def start(self, _on_tick: Callable[[SpeechProgress], None]) -> None:
        """It never ends."""


class Hands:
    """Does what is claimable, one piece after the other."""

    def __init__(self, services: Services, *, broken_recordings: bool = False) -> None:
        self._services = services
        self._speech = cast("SpeechProcess", Speech(fails=broken_recordings))
        self._engines = InOneProcess(services.settings)
        self._outbound = make_outbound(services.settings)

    def work(self) -> int:
        """Until nothing is claimable; returns how many pieces."""
        return self.transcribe() + self.synthesize() + self.deliver() + self.maintain()

    def transcribe(self) -> int:
        never = threading.Event()
        return _count(
            lambda: run_next(
                self._services, ActorName.TRANSCRIBE_FILE, lambda t: transcribe(t, self._speech), never
            )
        )

    def synthesize(self) -> int:
        """As the pool does: the end of one claims the next."""
        never = threading.Event()
        done = 0

        def perform(task: Task) -> None:
            nonlocal done
            done += 1
            synthesize(task, self._engines)

        before = -1
        while before < done:
            before = done
            run_all(self._services, ActorName.APPLY_SEPARATE, perform, never)
        return done

    def deliver(self) -> int:
        never = threading.Event()
        return _count(
            lambda: run_next(
                self._services,
                ActorName.DELIVER_WEBHOOK,
                lambda t: deliver(t, self._outbound),
                never,
            )
        )

    def maintain(self) -> int:
        never = threading.Event()
        return _count(lambda: run_next(self._services, ActorName.PURGE_CONTENT, maintain, never))

    def close(self) -> None:
        self._engines.close()


class OneBeat(HeartbeatByHand):
    """At the beginning of each task: at the same points in every life."""

    @contextmanager
    def keeping(self, lease: Lease) -> Iterator[None]:
        with super().keeping(lease):
            self.beat()
            yield


class InOneProcess(SynthesisEngines):
    """The extractive engine without its processes, which take a while to start in every life."""

    @contextmanager
    def borrow(self, api_key: SecretStr | None) -> Iterator[SynthesisEngine]:
        assert api_key is None
        yield ExtractiveEngine()


@contextmanager
def hands(settings: Settings, *, broken_recordings: bool = False) -> Iterator[Hands]:
    """In a life that may end: it tells of every tick, its heart beats once for each task, and it fills profiles one by
    one.
    """
    workers.runner.lease.TELL_SECONDS = 0.0
    workers.actors.maintenance.RESET_BATCH = 1
    opened = Services.open(settings, connections=2)
    services = replace(opened, heartbeat=OneBeat.open(settings))
    mine = Hands(services, broken_recordings=broken_recordings)
    try:
        yield mine
    finally:
        mine.close()
        services.close()


def _count(run: Callable[[], Claim | None]) -> int:
    done = 0
    while run() is not None:
        done += 1
    return done
