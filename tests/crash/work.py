"""A worker of every queue in this process: the real work, on a scripted speech engine and the extractive one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import workers.lease
import workers.maintenance
from db.work import DELIVERIES, FILES, OUTPUTS, RUNS
from pipeline.errors import WorkError
from pipeline.settings import Settings
from pipeline.speech_process import SpeechJob, SpeechProcess, SpeechProgress
from pipeline.states import ErrorCode
from pipeline.transcript import Segment, Transcript
from workers.deliver import deliver, make_outbound
from workers.engines import Engines
from workers.maintenance import maintain
from workers.run import run_next
from workers.services import Services
from workers.synthesize import synthesize
from workers.transcribe import transcribe
from workers.wake import Wake

SPOKEN = Transcript((Segment(0.0, 7.0, "Ann ships the report on Friday."),), "en", 7.0)


class Speech:
    """Of a SpeechProcess, what its worker uses. `fails`: whether every recording is broken."""

    pace = 1.0

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails

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
        self._engines = Engines(services.settings)
        self._outbound = make_outbound(services.settings)

    def work(self) -> int:
        """Until nothing is claimable; returns how many pieces."""
        return self.transcribe() + self.synthesize() + self.deliver() + self.maintain()

    def transcribe(self) -> int:
        never = threading.Event()
        return _count(
            lambda: run_next(
                self._services, FILES, Wake.TRANSCRIBE_FILE, lambda t: transcribe(t, self._speech), never
            )
        )

    def synthesize(self) -> int:
        never = threading.Event()
        return _count(
            lambda: run_next(
                self._services, OUTPUTS, Wake.APPLY_SEPARATE, lambda t: synthesize(t, self._engines), never
            )
        )

    def deliver(self) -> int:
        never = threading.Event()
        return _count(
            lambda: run_next(
                self._services, DELIVERIES, Wake.DELIVER_WEBHOOK, lambda t: deliver(t, self._outbound), never
            )
        )

    def maintain(self) -> int:
        never = threading.Event()
        return _count(lambda: run_next(self._services, RUNS, Wake.PURGE_CONTENT, maintain, never))

    def close(self) -> None:
        self._engines.close()


@contextmanager
def hands(settings: Settings, *, broken_recordings: bool = False) -> Iterator[Hands]:
    """In a life that may end: it looks at its lease at every tick, and fills profiles one by one."""
    workers.lease.LOOK_SECONDS = 0.0
    workers.maintenance.RESET_BATCH = 1
    services = Services.open(settings, connections=2)
    mine = Hands(services, broken_recordings=broken_recordings)
    try:
        yield mine
    finally:
        mine.close()
        services.close()


def _count(run: Callable[[], bool]) -> int:
    done = 0
    while run():
        done += 1
    return done
