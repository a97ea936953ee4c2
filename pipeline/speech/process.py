"""The worker's side of the speech process: start it, give it recordings, replace it when it dies.

Decoders and models are native code over hostile input: they crash, run out of memory, and can't be interrupted. In
a process of their own they take nothing else down, and stopping them is a kill.

    (none) ──start──▶ loading ──ready──▶ idle ⇄ busy
       ▲                 │                │      │
       └─── died, unavailable, stopped by `on_tick`, closed

A job starts a process where there is none, so the job after a death finds a new one.
"""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.errors import WorkError
from pipeline.processes.child_handle import ChildHandle, Ticker
from pipeline.processes.child_wire import Closed, Message
from pipeline.speech.recognizer import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.wire import SpeechJob, job_to_json, segment_from_json
from pipeline.states import ErrorCode, WaitingFor

__all__ = [
    "ChildDied",
    "ModelUnavailable",
    "SpeechEngineSettings",
    "SpeechJob",
    "SpeechProcess",
    "SpeechProgress",
]

log = logging.getLogger(__name__)

CHILD = "pipeline.speech.child"
TICK_SECONDS = 0.5
MEMORY = 0.9  # of its pace, from one recording to the next
HEADROOM_BYTES = 8 * 1024**3
"""Address space the process may take beyond its loaded model; five minutes of speech need far less."""


@dataclass(frozen=True, slots=True)
class SpeechProgress:
    done_seconds: float
    total_seconds: float | None  # None: the recording's header does not say


NOTHING_DONE = SpeechProgress(0.0, None)


class ChildDied(WorkError):
    """The speech process ended in the middle of a job: killed, out of memory, or crashed by the recording."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(ErrorCode.WORKER_LOST, retryable=True)
        self.exit_code = exit_code  # minus the signal, if one ended it


class SpeechProcess:
    """One model in one child process. For one thread at a time."""

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
        self._handle: ChildHandle | None = None
        self._heard = self._worked = 0.0  # seconds of recordings and of work on them, lately
        # Linux kills the child when the *thread* that made it ends, so a thread that lasts makes it
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="speech-maker")

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._handle.process.pid if self._handle else None

    @property
    def pace(self) -> float:
        """Seconds of recordings done in a second of work, lately; 1 before the first."""
        return self._heard / self._worked if self._worked else 1.0

    def start(self, on_tick: Callable[[SpeechProgress], None] | None = None) -> None:
        """Start the child and wait until its model is loaded; nothing, if it is. `on_tick` as in `transcribe`.

        Raises ModelUnavailable, whose message says what to set, and what `on_tick` raises.
        """
        self._started(Ticker(on_tick or (lambda _: None), self._tick_seconds, NOTHING_DONE))

    def transcribe(self, job: SpeechJob, on_tick: Callable[[SpeechProgress], None]) -> Transcript:
        """Transcribe one recording; `on_tick` is called every `tick_seconds`, also while nothing happens.

        Raises WorkError with the code of what is wrong with the recording or the store, ChildDied, and
        ModelUnavailable when a new child can't load the model. What `on_tick` raises stops the work at once.
        """
        ticker = Ticker(on_tick, self._tick_seconds, NOTHING_DONE)
        try:
            handle = self._begun(job, ticker)
            begun = time.monotonic()
            outcome = _converse(handle, ticker)
        except Closed as error:
            exit_code = self._end()
            log.warning("the speech process died in the middle of a job, exit code %s", exit_code)
            raise ChildDied(exit_code) from error
        except BaseException:
            self._end()
            raise
        if isinstance(outcome, WorkError):
            if outcome.code is ErrorCode.NO_SPEECH:
                on_tick(ticker.progress)  # its length; short silence is over before the first tick
            raise outcome
        self._heard = MEMORY * self._heard + (outcome.duration_seconds or 0.0)
        self._worked = MEMORY * self._worked + time.monotonic() - begun
        return outcome

    def close(self) -> None:
        """End the child, whatever it does."""
        self._end()
        self._maker.shutdown()

    def _begun(self, job: SpeechJob, ticker: Ticker[SpeechProgress]) -> ChildHandle:
        """A child that has taken the job. One that died before it took it is replaced: not the recording's doing.

        Raises Closed when the next dies as well.
        """
        for last_try in (False, True):
            handle = self._started(ticker)
            try:
                handle.channel.send({"job": job_to_json(job)})
                if handle.next_message(ticker).get("event") == "begun":
                    return handle
            except Closed:
                if last_try:
                    raise
            self._end()
        raise Closed

    def _started(self, ticker: Ticker[SpeechProgress]) -> ChildHandle:
        if self._handle is not None and self._handle.alive():
            return self._handle
        self._end()
        self._handle = self._maker.submit(ChildHandle, CHILD, self._environment).result()
        try:
            answer = self._set_up(self._handle, ticker)
        except BaseException:
            self._end()
            raise
        if answer.get("event") != "ready":
            self._end()
            raise ModelUnavailable(str(answer.get("detail")))
        return self._handle

    def _set_up(self, handle: ChildHandle, ticker: Ticker[SpeechProgress]) -> Message:
        try:
            handle.channel.send(self._setup)
            return self._loaded(handle, ticker)
        except Closed as error:
            raise ModelUnavailable(
                f"The speech process ended (exit code {handle.end()}) while it loaded the model "
                f"{self._engine.model!r}. If memory ran out, set SMELT_WHISPER_MODEL to a smaller model."
            ) from error

    def _loaded(self, handle: ChildHandle, ticker: Ticker[SpeechProgress]) -> Message:
        """What it says when it has loaded the model, or can't. Raises Closed."""
        while (answer := handle.next_message(ticker)).get("event") == "loading":
            log.info("speech model %s: %s", self._engine.model, answer.get("detail"))
        return answer

    def _end(self) -> int:
        handle, self._handle = self._handle, None
        return handle.end() if handle else 0


def _converse(handle: ChildHandle, ticker: Ticker[SpeechProgress]) -> Transcript | WorkError:
    """Follow one job. An error that is given back, not raised, leaves the child ready for the next job."""
    segments: list[Segment] = []
    while True:
        message = handle.next_message(ticker)
        try:
            outcome = _take(message, segments, ticker)
        except (KeyError, TypeError, ValueError) as error:
            raise Closed from error  # a message of another shape than agreed is as good as none
        if outcome is not None:
            return outcome


def _take(
    message: Message, segments: list[Segment], ticker: Ticker[SpeechProgress]
) -> Transcript | WorkError | None:
    match message["event"]:
        case "progress":
            ticker.progress = SpeechProgress(message["done"], message["total"])
        case "segment":
            segments.append(segment_from_json(message["segment"]))
        case "done":
            return _transcript(message, segments)
        case "error":
            return _work_error(message)
        case "fault":
            log.error("the speech process failed: %s", message["where"])
            raise WorkError(ErrorCode.TRANSCRIPTION_FAILED, retryable=True)
        case other:
            raise ValueError(f"unknown event {other!r}")
    return None


def _transcript(message: Message, segments: list[Segment]) -> Transcript:
    return Transcript(
        tuple(segments),
        message["language"],
        message["duration_seconds"],
        tuple(message["warnings"]),
        tuple((float(start), float(end)) for start, end in message["unheard"]),
    )


def _work_error(message: Message) -> WorkError:
    return WorkError(
        ErrorCode(message["code"]),
        message["detail"],
        retryable=message["retryable"],
        retry_after=message["retry_after"],
        waiting_for=None if message["waiting_for"] is None else WaitingFor(message["waiting_for"]),
    )


def _with_absolute_folder(engine: SpeechEngineSettings) -> SpeechEngineSettings:
    """The child runs in another folder than this process."""
    folder = Path(engine.model)
    if not folder.is_dir():
        return engine
    return replace(engine, model=str(folder.resolve()))
