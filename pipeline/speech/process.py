"""The worker's side of the speech process: start it, give it recordings, replace it when it dies.

Decoders and models are native code over hostile input: they crash, run out of memory, and can't be interrupted. In
a process of their own they take nothing else down, and stopping them is a kill.

    (none) ──start──▶ loading ──ready──▶ idle ⇄ busy, with one recording or several
       ▲                 │                │      │
       └─── died, unavailable, stopped by `on_tick`, closed

A job starts a process where there is none, so the job after a death finds a new one. Whoever is alone in it ends it to
stop; beside others a recording is canceled, and the process goes on.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from pipeline.errors import DiedInCompany, GiveBack, LostLease, WorkError
from pipeline.metrics.speech import deaths, note_transcript
from pipeline.processes.child_handle import ChildHandle, Ticker
from pipeline.processes.child_wire import Closed, Message
from pipeline.speech.conversation import Conversation
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.gate import Gate
from pipeline.speech.pace import Pace
from pipeline.speech.progress import NOTHING_DONE, SpeechProgress
from pipeline.speech.speech_child import SpeechChild
from pipeline.speech.transcript import Transcript
from pipeline.speech.wire import SpeechJob
from pipeline.states import ErrorCode

__all__ = [
    "ChildDied",
    "SpeechJob",
    "SpeechProcess",
    "SpeechProgress",
]

log = logging.getLogger(__name__)

CHILD = "pipeline.speech.child"
TICK_SECONDS = 0.5
HEADROOM_BYTES = 8 * 1024**3
"""Address space the process may take beyond its loaded model; five minutes of speech need far less."""


class ChildDied(WorkError):
    """The speech process ended in the middle of a job: killed, out of memory, or crashed by the recording."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(ErrorCode.WORKER_LOST, retryable=True)
        self.exit_code = exit_code  # minus the signal, if one ended it


class SpeechProcess:
    """One model in one child process, which hears several recordings at once: `transcribe` is for several threads."""

    def __init__(
        self,
        engine: SpeechEngineSettings,
        content_url: str,
        *,
        allow_http: bool = False,
        tick_seconds: float = TICK_SECONDS,
        headroom_bytes: int | None = HEADROOM_BYTES,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` replaces the child's; without it the child inherits this process's, secrets included."""
        self._engine = _with_absolute_folder(engine)
        self._setup = {
            "engine": asdict(self._engine),
            "content_url": content_url,
            "allow_http": allow_http,
            "headroom": headroom_bytes,
        }
        self._tick_seconds = tick_seconds
        self._environment = environment
        self._child: SpeechChild | None = None
        self._starting = threading.Lock()
        self._pace = Pace()
        self.gate = Gate()
        self.lanes = 1  # recordings that it is to hear at once; known once it has started
        # Linux kills the child when the *thread* that made it ends, so a thread that lasts makes it
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="speech-maker")

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        child = self._child
        return child.handle.process.pid if child else None

    @property
    def pace(self) -> float:
        """Seconds of recordings done in a second of work, lately; 1 before the first."""
        return self._pace.seconds_per_second

    def clock(self) -> float:
        """Seconds of the process that each recording under way has had."""
        return self._pace.now()

    def start(self, on_tick: Callable[[SpeechProgress], None] | None = None) -> None:
        """Start the child and wait until its model is loaded; nothing, if it is. `on_tick` as in `transcribe`.

        Raises ModelUnavailable, whose message says what to set, and what `on_tick` raises.
        """
        self._started(Ticker(on_tick or (lambda _: None), self._tick_seconds, NOTHING_DONE))

    def transcribe(self, job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        """Transcribe one recording; `on_tick` is called every `tick_seconds`, also while nothing happens. Gives what
        is said behind `job.before`.

        Raises WorkError with the code of what is wrong with the recording or the store, ChildDied, DiedInCompany when
        others were under way in the child that failed, and ModelUnavailable when a new child can't load the model.
        What `on_tick` raises stops the work at once: LostLease and GiveBack that of this recording alone, anything else
        the child.
        """
        ticker = Ticker(on_tick, self._tick_seconds, NOTHING_DONE)
        with self._pace.shared():
            child, conversation = self._begun(job, ticker)
            begun = self.clock()
            with self._stopping(child, conversation):
                outcome = conversation.follow(ticker)
            worked = self.clock() - begun
        if isinstance(outcome, WorkError):
            if outcome.code is ErrorCode.NO_SPEECH:
                on_tick(ticker.progress)  # its length; short silence is over before the first tick
            raise outcome
        seconds = (outcome.duration_seconds or 0.0) - job.before.end
        self._pace.note(seconds, worked)
        unheard = [(start, end) for start, end in outcome.unheard if start >= job.before.end]
        note_transcript(seconds, sum(end - start for start, end in unheard), worked)
        return outcome

    def close(self) -> None:
        """End the child, whatever it does."""
        if self._child is not None:
            self._end(self._child)
        self._maker.shutdown()

    def _begun(self, job: SpeechJob, ticker: Ticker[SpeechProgress]) -> tuple[SpeechChild, Conversation]:
        """A child that has taken the job. One that died before it took it is replaced: not the recording's doing.

        Raises ChildDied or DiedInCompany when the next dies as well.
        """
        died: WorkError = ChildDied(0)
        for _ in range(2):
            child = self._started(ticker)
            try:
                conversation = child.begin(job)
                with self._stopping(child, conversation):
                    conversation.await_begun(ticker)
            except Closed:
                died = ChildDied(self._end(child))
            except (ChildDied, DiedInCompany) as error:
                died = error
            else:
                return child, conversation
        raise died

    @contextmanager
    def _stopping(self, child: SpeechChild, conversation: Conversation) -> Iterator[None]:
        """Where a conversation isn't followed to its end, the child is told, or ended."""
        try:
            yield
        except (LostLease, GiveBack):
            self._leave(child, conversation)
            raise
        except (Closed, WorkError) as error:
            exit_code = self._end(child)
            deaths.inc()
            if child.in_company:
                raise DiedInCompany from error
            if isinstance(error, WorkError):
                raise
            log.warning("the speech process died in the middle of a job, exit code %s", exit_code)
            raise ChildDied(exit_code) from error
        except BaseException:
            self._end(child)
            raise

    def _leave(self, child: SpeechChild, conversation: Conversation) -> None:
        try:
            left = child.cancel(conversation)
        except Closed:
            left = False
        if not left:
            self._end(child)

    def _started(self, ticker: Ticker[SpeechProgress]) -> SpeechChild:
        """The child, started by one thread while the others wait for it."""
        while not self._starting.acquire(timeout=ticker.seconds_left()):
            ticker.tick_if_due()
        try:
            if self._child is None or not self._child.usable:
                if self._child is not None:
                    self._end(self._child)
                self._child = self._made(ticker)
            return self._child
        finally:
            self._starting.release()

    def _made(self, ticker: Ticker[SpeechProgress]) -> SpeechChild:
        handle = self._maker.submit(ChildHandle, CHILD, self._environment).result()
        try:
            self._set_up(handle, ticker)
        except BaseException:
            handle.end()
            raise
        return SpeechChild(handle)

    def _set_up(self, handle: ChildHandle, ticker: Ticker[SpeechProgress]) -> None:
        try:
            handle.channel.send(self._setup)
            answer = self._loaded(handle, ticker)
        except Closed as error:
            raise ModelUnavailable(
                f"The speech process ended (exit code {handle.end()}) while it loaded the model "
                f"{self._engine.model!r}. If memory ran out, set SMELT_WHISPER_MODEL to a smaller model."
            ) from error
        if answer.get("event") != "ready":
            raise ModelUnavailable(str(answer.get("detail")))
        self.lanes = int(answer["lanes"])

    def _loaded(self, handle: ChildHandle, ticker: Ticker[SpeechProgress]) -> Message:
        """What it says when it has loaded the model, or can't. Raises Closed."""
        while (answer := handle.next_message(ticker)).get("event") == "loading":
            log.info("speech model %s: %s", self._engine.model, answer.get("detail"))
        return answer

    def _end(self, child: SpeechChild) -> int:
        """Gives its exit code. The next job gets another."""
        if self._child is child:
            self._child = None
        return child.end()


def _with_absolute_folder(engine: SpeechEngineSettings) -> SpeechEngineSettings:
    """The child runs in another folder than this process."""
    folder = Path(engine.model)
    if not folder.is_dir():
        return engine
    return replace(engine, model=str(folder.resolve()))
