"""The speech process: holds the model, decodes and recognizes. Started by `pipeline/speech/process.py` only.

    python -m pipeline.speech.child <file descriptor of its socket> <process id of its parent>

It reads the sealed recording itself; neither keys nor content are ever on its command line, in its environment, in
a log or in an error's text. Each job has a thread of its own. It ends when its parent does.
"""

import os
import queue
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.content.store import ContentStore
from pipeline.errors import SmeltError, WorkError
from pipeline.processes.child_wire import Channel, Closed, Message
from pipeline.processes.confinement import confine, volunteer_for_the_oom_killer
from pipeline.processes.memory import limit_memory
from pipeline.speech.audio import Decoder
from pipeline.speech.channels import SeparateChannels
from pipeline.speech.engine_settings import ModelUnavailable, SpeechEngineSettings
from pipeline.speech.mixed_channels import MixedChannels
from pipeline.speech.passage import passage_to_json
from pipeline.speech.recognizer import Hints, Recognizer
from pipeline.speech.wire import SpeechJob, job_from_json
from pipeline.states import Channels

CANCEL_SECONDS = 300.0
"""In which a recording that was canceled has ended; a call of a large model on a slow CPU may take a minute or two."""

LANE_BYTES = 1024**3  # address space that each recording may take besides the first

Tell = Callable[[Message], None]


def main(descriptor: int, parent_pid: int) -> None:
    threading.excepthook = lambda _: os._exit(1)  # a thread that fails takes the process along
    volunteer_for_the_oom_killer()
    confine(parent_pid)
    channel = Channel(socket.socket(fileno=descriptor))
    inbox: queue.Queue[Message] = queue.Queue()
    threading.Thread(target=_listen, args=(channel, inbox), daemon=True).start()
    setup = inbox.get()
    recognizer = _load(channel, SpeechEngineSettings(**setup["engine"]))
    store = ContentStore.open_url(setup["content_url"], allow_http=setup["allow_http"], make=False)
    if setup["headroom"] is not None:
        limit_memory(setup["headroom"] + (recognizer.lanes - 1) * LANE_BYTES)
    channel.send({"event": "ready", "lanes": recognizer.lanes})
    jobs = Jobs(channel, recognizer, store)
    while True:
        message = inbox.get()
        if "cancel" in message:
            jobs.cancel(message["cancel"])
        else:
            jobs.begin(message["id"], job_from_json(message["job"]))


def _listen(channel: Channel, inbox: queue.Queue[Message]) -> None:
    """A thread of its own notices that the parent is gone while the model is at work."""
    try:
        while True:
            inbox.put(channel.receive() or {})
    except Closed:
        os._exit(0)


def _load(channel: Channel, settings: SpeechEngineSettings) -> Recognizer:
    from pipeline.speech.hearing import WhisperRecognizer  # noqa: PLC0415 - takes a second, after `confine`

    def tell(detail: str) -> None:
        channel.send({"event": "loading", "detail": detail})

    try:
        return WhisperRecognizer.load(settings, tell)
    except ModelUnavailable as error:
        channel.send({"event": "unavailable", "detail": str(error)})
        raise SystemExit(1) from error


class Canceled(Exception):
    """Nobody wants this recording any more."""


@dataclass(slots=True, eq=False)
class _Job:
    job: SpeechJob
    canceled: threading.Event = field(default_factory=threading.Event)
    said: Message = field(default_factory=dict)  # last


class Jobs:
    """The recordings under way, each in a thread of its own."""

    def __init__(self, channel: Channel, recognizer: Recognizer, store: ContentStore) -> None:
        self._channel = channel
        self._recognizer = recognizer
        self._store = store
        self._jobs: dict[int, _Job] = {}

    def begin(self, number: int, job: SpeechJob) -> None:
        self._jobs[number] = _Job(job)
        threading.Thread(target=self._answer, args=(number,), daemon=True).start()

    def cancel(self, number: int) -> None:
        """It ends where it next has something to tell; if it never does, the process does."""
        if (job := self._jobs.get(number)) is not None:
            job.canceled.set()
            watch = threading.Timer(CANCEL_SECONDS, self._end_if_stuck, (number,))
            watch.daemon = True
            watch.start()

    def _answer(self, number: int) -> None:
        job = self._jobs[number]

        def tell(message: Message) -> None:
            """Raises Canceled. What was said last isn't said again."""
            if job.canceled.is_set():
                raise Canceled
            if message != job.said:
                job.said = message
                self._channel.send({**message, "id": number})

        try:
            tell({"event": "begun"})
            outcome = _transcribe(tell, self._recognizer, self._store, job.job)
        except Canceled:
            outcome = {"event": "canceled"}
        except SmeltError as error:
            outcome = _error(error)
        except Exception as error:
            # What state the model is in is unknown now: say where it happened, not what was in hand, and end
            self._channel.send({"event": "fault", "where": _where(error), "id": number})
            raise
        del self._jobs[number]
        self._channel.send({**outcome, "id": number})

    def _end_if_stuck(self, number: int) -> None:
        if number in self._jobs:
            os._exit(1)


def _transcribe(tell: Tell, recognizer: Recognizer, store: ContentStore, job: SpeechJob) -> Message:
    def report(done: float, total: float | None) -> None:
        tell({"event": "progress", "done": done, "total": total})

    hear = SeparateChannels if job.channels is Channels.SEPARATE else MixedChannels
    with store.open(job.name, job.key) as file:
        hearing = hear(
            lambda channel: Decoder(file, job.media_type, job.max_seconds, channel),
            recognizer,
            Hints(job.language, job.vocabulary, job.task),
            job.before,
        )
        for passage in hearing.passages(report):
            tell({"event": "passage", "passage": passage_to_json(passage)})
    outcome = hearing.outcome
    return {
        "event": "done",
        "language": outcome.language,
        "task": outcome.task,
        "duration_seconds": outcome.duration_seconds,
        "warnings": outcome.warnings,
        "unheard": [[round(start, 3), round(end, 3)] for start, end in outcome.unheard],
    }


def _error(error: SmeltError) -> Message:
    retryable, retry_after, waiting_for = False, None, None
    if isinstance(error, WorkError):
        retryable, retry_after, waiting_for = error.retryable, error.retry_after, error.waiting_for
    return {
        "event": "error",
        "code": error.code,
        "detail": error.detail,
        "retryable": retryable,
        "retry_after": retry_after,
        "waiting_for": waiting_for,
    }


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
