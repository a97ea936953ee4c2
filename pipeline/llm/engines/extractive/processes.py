"""The extractive engine in child processes, at most one a core: what fills a core mustn't hold up the worker's threads.

In one interpreter sixteen such threads take turns of milliseconds, and nothing beside them is on time: not the leases'
renewal, not a short text. A child is stopped by killing it, which also frees its memory, and is replaced when it dies.

    (none) ──start──▶ idle ⇄ busy
       ▲                │      │
       └── died, stopped by `on_progress`, took too long, had a large job, closed
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, LifoQueue

from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import OnProgress, PromptSpec, Synthesis
from pipeline.llm.engines.extractive.wire import error_from_json, send_job
from pipeline.processes.child_handle import ChildHandle, Ticker
from pipeline.processes.child_wire import SEND_SECONDS, Closed, Message
from pipeline.processes.cores import cores
from pipeline.states import ErrorCode

log = logging.getLogger(__name__)

CHILD = "pipeline.llm.engines.extractive.child"
# Nothing of this process's own, which holds secrets. Arithmetic on several cores would be more than one child's share.
ENVIRONMENT = {"PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
TICK_SECONDS = 0.5
HEADROOM_BYTES = 4 * 1024**3  # address space that a job may take; ten million characters need 2.3 GB
LARGE = 1_000_000  # characters of a job whose child isn't kept: it would keep the memory too
SLOWEST_PACE = 10_000  # characters in a second of work, on average; a busy core does 50,000


class ExtractiveProcesses:
    """A `SynthesisEngine`; see there."""

    def __init__(
        self,
        *,
        count: int | None = None,
        stall_seconds: float = 300.0,
        headroom_bytes: int | None = HEADROOM_BYTES,
    ) -> None:
        """`count`: of the children at the most; None: one a core. They are started when they are needed first.

        `stall_seconds`: that any job may take, besides its characters' time.
        """
        self._stall_seconds = stall_seconds
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="extractive-maker")
        self._children = [_Child(self._make, headroom_bytes) for _ in range(count or cores())]
        # The last that was free is the next to work: it is warm, and those that nobody needs aren't started.
        self._free: LifoQueue[_Child] = LifoQueue()
        for child in self._children:
            self._free.put(child)

    @property
    def pids(self) -> list[int]:
        """Of the children that there are."""
        return [handle.process.pid for child in self._children if (handle := child.handle) is not None]

    def warm(self) -> None:
        """Start a child, so that the first job needn't wait for it; what is wrong with it the first job will tell."""
        with self._borrow(_ignore) as child:
            child.warm()

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        """See `SynthesisEngine.apply`. Waits for a child that is free, with `on_progress` called meanwhile.

        Raises WorkError: WORKER_LOST when the child dies of the job, TIMED_OUT when it takes too long.
        """
        on_progress(0.0)
        with self._borrow(on_progress) as child:
            characters = sum(_characters(document) for document in documents)
            limit = time.monotonic() + self._stall_seconds + characters / SLOWEST_PACE
            result = child.apply(prompt, documents, _bounded(on_progress, limit))
            if characters > LARGE:
                child.end()
        on_progress(1.0)
        return result

    def close(self) -> None:
        """End the children. Nothing else may be running on them."""
        for child in self._children:
            child.end()
        self._maker.shutdown()

    def _make(self) -> ChildHandle:
        """Linux kills a child when the *thread* that made it ends, so a thread that lasts makes it."""
        return self._maker.submit(ChildHandle, CHILD, ENVIRONMENT).result()

    @contextmanager
    def _borrow(self, on_progress: OnProgress) -> Iterator["_Child"]:
        while True:
            try:
                child = self._free.get(timeout=TICK_SECONDS)
            except Empty:
                on_progress(0.0)
            else:
                break
        try:
            yield child
        finally:
            self._free.put(child)


class _Child:
    """A place for one child process, started when there is none. For one thread at a time."""

    def __init__(self, make: Callable[[], ChildHandle], headroom_bytes: int | None) -> None:
        self._make = make
        self._headroom_bytes = headroom_bytes
        self.handle: ChildHandle | None = None

    def apply(self, prompt: PromptSpec, documents: Sequence[Document], on_progress: OnProgress) -> Synthesis:
        """`on_progress` is called every `TICK_SECONDS`; what it raises kills the child."""
        ticker = Ticker(on_progress, TICK_SECONDS, 0.0)
        try:
            outcome = _converse(self._begun(prompt, documents, ticker), ticker)
        except Closed as error:
            log.warning("an extractive process died in the middle of a job, exit code %s", self.end())
            raise WorkError(ErrorCode.WORKER_LOST, retryable=True) from error
        except BaseException:
            self.end()
            raise
        if isinstance(outcome, WorkError):
            raise outcome
        return outcome

    def warm(self) -> None:
        try:
            self._started(Ticker(_ignore, TICK_SECONDS, 0.0))
        except Closed:
            log.warning("an extractive process did not start, exit code %s", self.end())

    def end(self) -> int:
        """Gives its exit code; minus the signal if one ended it."""
        handle, self.handle = self.handle, None
        return handle.end() if handle else 0

    def _begun(self, prompt: PromptSpec, documents: Sequence[Document], ticker: Ticker[float]) -> ChildHandle:
        """A child that has the job. One that died before it had all of it is replaced: not the job's doing.

        Raises Closed when the next dies as well.
        """
        for last_try in (False, True):
            try:
                handle = self._started(ticker)
                send_job(handle.channel, prompt, documents, ticker.tick_if_due)
                if handle.next_message(ticker).get("event") == "begun":
                    return handle
            except Closed:
                if last_try:
                    raise
            self.end()
        raise Closed

    def _started(self, ticker: Ticker[float]) -> ChildHandle:
        if self.handle is not None and self.handle.alive():
            return self.handle
        self.end()
        self.handle = handle = self._make()
        handle.channel.send({"headroom": self._headroom_bytes})
        if handle.next_message(ticker).get("event") != "ready":
            raise Closed
        return handle


def _ignore(_share: float) -> None:
    """Nobody has to be told."""


def _characters(document: Document) -> int:
    return sum(len(segment.text) for segment in document.transcript.segments)


def _bounded(on_progress: OnProgress, limit: float) -> OnProgress:
    def tick(share: float) -> None:
        on_progress(share)
        if time.monotonic() > limit:
            raise WorkError(ErrorCode.TIMED_OUT, retryable=True)

    return tick


def _converse(handle: ChildHandle, ticker: Ticker[float]) -> Synthesis | WorkError:
    """Follow one job. An error that is given back, not raised, leaves the child ready for the next job."""
    while True:
        message = handle.next_message(ticker)
        try:
            outcome = _take(handle, message, ticker)
        except (KeyError, TypeError, ValueError) as error:
            raise Closed from error  # a message of another shape than agreed is as good as none
        if outcome is not None:
            return outcome


def _take(handle: ChildHandle, message: Message, ticker: Ticker[float]) -> Synthesis | WorkError | None:
    match message["event"]:
        case "progress":
            ticker.progress = max(ticker.progress, float(message["share"]))
        case "done":
            markdown = handle.channel.receive_bytes(message["bytes"], SEND_SECONDS)
            return Synthesis(markdown.decode(), str(message["model"]), 0, 0)
        case "error":
            return error_from_json(message)
        case "fault":
            log.error("an extractive process failed: %s", message["where"])
            raise WorkError(ErrorCode.INTERNAL_ERROR, retryable=True)
        case other:
            raise ValueError(f"unknown event {other!r}")
    return None
