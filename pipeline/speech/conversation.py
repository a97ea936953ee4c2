"""What a speech process says about one recording, from the job to its end. Whoever gave the job follows it."""

import logging
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from pipeline.errors import WorkError
from pipeline.processes.child_handle import Ticker
from pipeline.processes.child_wire import Closed, Message
from pipeline.speech.passage import Passage, passage_from_json, spans_from_json
from pipeline.speech.progress import SpeechProgress
from pipeline.speech.transcript import Transcript
from pipeline.states import ErrorCode, SpeechTask, WaitingFor

log = logging.getLogger(__name__)

ENDS = {"done", "error", "canceled"}
"""Events after which the child is no longer at work on the recording, and sound. After a `fault` it ends."""


class Conversation:
    """`number`: by which both sides know it. Messages are put in by one thread and taken out by another."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._inbox: SimpleQueue[Message | None] = SimpleQueue()

    def put(self, message: Message | None) -> None:
        """None: the child has ended."""
        self._inbox.put(message)

    def next_message(self, ticker: Ticker[SpeechProgress]) -> Message:
        """Raises Closed, and what the ticker's `on_tick` raises."""
        while True:
            try:
                message = self._inbox.get(timeout=ticker.seconds_left())
            except Empty:
                ticker.tick_if_due()
                continue
            ticker.tick_if_due()
            if message is None:
                raise Closed
            return message

    def await_begun(self, ticker: Ticker[SpeechProgress]) -> None:
        """Until the child has taken the job. Raises Closed, and what `on_tick` raises."""
        if self.next_message(ticker).get("event") != "begun":
            raise Closed

    def follow(self, ticker: Ticker[SpeechProgress]) -> Transcript | WorkError:
        """Until it has ended. An error that is given back, not raised, leaves the child ready for other jobs."""
        passages: list[Passage] = []
        while True:
            message = self.next_message(ticker)
            try:
                outcome = _take(message, passages, ticker)
            except (KeyError, TypeError, ValueError) as error:
                raise Closed from error  # a message of another shape than agreed is as good as none
            if outcome is not None:
                return outcome


def _take(
    message: Message, passages: list[Passage], ticker: Ticker[SpeechProgress]
) -> Transcript | WorkError | None:
    match message["event"]:
        case "progress":
            ticker.progress = SpeechProgress(message["done"], message["total"], passages)
        case "passage":
            passages.append(passage_from_json(message["passage"]))
        case "done":
            return _transcript(message, passages)
        case "error":
            return _work_error(message)
        case "fault":
            log.error("the speech process failed: %s", message["where"])
            raise WorkError(ErrorCode.TRANSCRIPTION_FAILED, retryable=True)
        case other:
            raise ValueError(f"unknown event {other!r}")
    return None


def _transcript(message: Message, passages: Sequence[Passage]) -> Transcript:
    return Transcript(
        tuple(segment for passage in passages for segment in passage.segments),
        message["language"],
        message["duration_seconds"],
        tuple(message["warnings"]),
        spans_from_json(message["unheard"]),
        SpeechTask(message["task"]),
    )


def _work_error(message: Message) -> WorkError:
    return WorkError(
        ErrorCode(message["code"]),
        message["detail"],
        retryable=message["retryable"],
        retry_after=message["retry_after"],
        waiting_for=None if message["waiting_for"] is None else WaitingFor(message["waiting_for"]),
    )
