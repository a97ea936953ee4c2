"""A speech engine that says what a test has it say, when it has it say so; and a worker that hears with it.

All but the engine is real: the claim, what is kept and noted, the content store.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import cast

from pipeline.settings import Settings
from pipeline.speakers.diarizer import Turn
from pipeline.speakers.process import SpeakerProcess, ToldApart
from pipeline.speech.gate import Gate
from pipeline.speech.passage import Passage
from pipeline.speech.process import SpeechJob, SpeechProcess, SpeechProgress
from pipeline.speech.speakers import SpeakerBounds
from pipeline.speech.transcript import Segment, Transcript
from tests.support.waiting import wait_until
from workers.actors import keeping
from workers.actors.transcribe import transcribe
from workers.notifications.queues import ActorName
from workers.runner.run import run_next
from workers.services import Services

SECONDS = 100.0  # that the recording is long, by its header
END = "the recording's end"
Step = Passage | BaseException | Callable[[], None] | str
"""What it says next, raises, or has done before it goes on; or `END`."""


class Killed(BaseException):
    """The worker is no more: nothing is recorded."""


def said(number: int) -> Segment:
    """The `number`-th segment: ten seconds each."""
    return Segment(number * 10.0 + 1.0, number * 10.0 + 9.0, f"Sentence number {number}.")


def passage(*numbers: int) -> Passage:
    return Passage(numbers[-1] * 10.0 + 10.0, tuple(map(said, numbers)))


class SlowSpeech:
    """What of a SpeechProcess its worker uses. `jobs`: what it was given."""

    pace = 1.0
    lanes = 1
    clock = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self.gate = Gate()
        self.jobs: list[SpeechJob] = []
        self._script: SimpleQueue[Step] = SimpleQueue()

    def says(self, *script: Step) -> None:
        for step in script:
            self._script.put(step)

    def transcribe(self, job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        self.jobs.append(job)
        passages: list[Passage] = []
        while (step := self._script.get()) != END:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, Passage):
                passages.append(step)
                on_tick(SpeechProgress(step.end, SECONDS, passages))
            elif callable(step):
                step()
        end = passages[-1].end if passages else job.before.end
        segments = tuple(segment for each in passages for segment in each.segments)
        return Transcript(segments, "en", end, unheard=job.before.unheard)

    def start(self, _on_tick: Callable[[SpeechProgress], None]) -> None:
        """It never ends."""


class SlowSpeakers:
    """What of a SpeakerProcess its worker uses: everybody speaks for ten seconds, once `step` has returned."""

    def __init__(self, step: Callable[[], object] = lambda: None) -> None:
        self._step = step

    def tell_apart(
        self, _job: SpeechJob, _bounds: SpeakerBounds, seconds: float, _on_tick: Callable[[float], None]
    ) -> ToldApart:
        self._step()
        return ToldApart(tuple(Turn(n * 10.0, n * 10.0 + 10.0, n) for n in range(round(seconds / 10))), 0)


def hear(services: Services, speech: SlowSpeech, speakers: SlowSpeakers | None = None) -> None:
    """One recording, to its end or the worker's."""
    try:
        assert run_next(
            services,
            ActorName.TRANSCRIBE_FILE,
            lambda task: transcribe(
                task, cast("SpeechProcess", speech), cast("SpeakerProcess | None", speakers)
            ),
            threading.Event(),
        )
    except Killed:
        return


@contextmanager
def hearing(settings: Settings, speakers: SlowSpeakers | None = None) -> Iterator[SlowSpeech]:
    """A worker that hears one recording while the block runs, and keeps each passage at once."""
    before, keeping.KEEP_SECONDS = keeping.KEEP_SECONDS, 0.0
    services, speech = Services.open(settings), SlowSpeech()
    thread = threading.Thread(target=hear, args=(services, speech, speakers))
    thread.start()
    try:
        wait_until(lambda: speech.jobs)
        yield speech
    finally:
        speech.says(Killed())  # where the test hasn't had it end
        thread.join()
        services.close()
        keeping.KEEP_SECONDS = before
