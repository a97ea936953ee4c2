"""What can go wrong with a piece of work, as facts.

    SmeltError                a fact with a stable code and a message that is safe to show
    └── WorkError             one attempt at a piece of work failed
        ├── RateLimited       not counted against the work's budget; runs again at `retry_after`
        ├── Unanswered        a server gave no answer: it is away, or can't get over this very input
        ├── DiedInCompany     the process that worked on it and on others died; nobody knows of which
        └── GiveBack          the worker is stopping; nothing is wrong with the work

The edges translate them: `api/errors.py` to problem details, `workers/runner/run.py` to a row's state.
"""

from pipeline.states import ErrorCode, WaitingFor

PUBLIC_MESSAGES: dict[ErrorCode, str] = {
    ErrorCode.FILE_TOO_LARGE: "The file is larger than this tier allows.",
    ErrorCode.UNSUPPORTED_FORMAT: "The file is neither text nor audio in a supported format.",
    ErrorCode.DURATION_EXCEEDED: "The recording is longer than this tier allows.",
    ErrorCode.CORRUPTED_FILE: "The recording could not be decoded; it is damaged or cut off.",
    ErrorCode.EMPTY_INPUT: "The input is empty.",
    ErrorCode.NO_SPEECH: "No speech was found in the recording.",
    ErrorCode.TRANSCRIPTION_FAILED: "The recording could not be transcribed.",
    ErrorCode.INPUT_TOO_LONG: "The input does not fit the model, even when split.",
    ErrorCode.SYNTHESIS_FAILED: "The language model gave no usable answer.",
    ErrorCode.CONTENT_FILTERED: "The language model's provider refused the content.",
    ErrorCode.API_KEY_INVALID: "The language model's provider rejected the API key.",
    ErrorCode.API_RATE_LIMITED: "The language model's provider is limiting the rate of calls.",
    ErrorCode.API_QUOTA_EXHAUSTED: "The API key has no quota left at the language model's provider.",
    ErrorCode.API_UNAVAILABLE: "The language model's provider could not be reached.",
    ErrorCode.TIMED_OUT: "The work took longer than it may.",
    ErrorCode.WORKER_LOST: "The worker died on this part every time that it was tried.",
    ErrorCode.CONTENT_EXPIRED: "The content was deleted before the work was done.",
    ErrorCode.FILE_FAILED: "A file that this part needs has failed.",
    ErrorCode.NOTHING_COMPLETED: "No part of the smelt could be completed.",
    ErrorCode.INTERNAL_ERROR: "Something went wrong inside the service.",
    ErrorCode.DELIVERY_FAILED: "The webhook's receiver did not accept it.",
    ErrorCode.ADDRESS_REFUSED: "The webhook's host has no public address that it may be sent to.",
    ErrorCode.NO_AUDIO: "The recording has no audio track.",
    ErrorCode.UNSUPPORTED_CODEC: "The recording's audio is in a codec or channel layout that is not supported.",
}


class SmeltError(Exception):
    """A fact with a stable code. `detail` may be shown to anyone: it never holds content or a path."""

    def __init__(self, code: ErrorCode, detail: str | None = None) -> None:
        self.code = code
        self.detail = detail or PUBLIC_MESSAGES[code]
        super().__init__(f"{code}: {self.detail}")

    @property
    def more(self) -> str | None:
        """The detail, where it says more than the code's own message does."""
        return None if self.detail == PUBLIC_MESSAGES[self.code] else self.detail


class WorkError(SmeltError):
    """One attempt failed. `retryable`: another may succeed; `retry_after`: in how many seconds.

    `waiting_for`: an outage, of this; nothing is wrong with the work, so it costs nothing of its budget of failures.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str | None = None,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        waiting_for: WaitingFor | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.retryable = retryable
        self.retry_after = retry_after
        self.waiting_for = waiting_for


class RateLimited(WorkError):
    """The provider asks to wait. Costs the work nothing of its budget of failures."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__(ErrorCode.API_RATE_LIMITED, retryable=True, retry_after=retry_after)


class Unanswered(WorkError):
    """A server took a call, and didn't begin to answer it.

    Whether that is an outage or the input's doing is for `pipeline/llm/engines/answers.py` to tell; until then it
    counts.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, detail, retryable=True, retry_after=retry_after)


class GiveBack(WorkError):
    """The worker hands the work back, to be claimed by another at once. Costs no failure."""

    def __init__(self, reason: str = "The worker is stopping.") -> None:
        super().__init__(ErrorCode.INTERNAL_ERROR, reason, retryable=True, retry_after=0)


class DiedInCompany(WorkError):
    """The process that worked on several pieces of work died, or had to be ended. Costs none of them a failure."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.WORKER_LOST, retryable=True, retry_after=0)


class LostLease(Exception):
    """The row is no longer this worker's (canceled, deleted, or rescued by another): stop, record nothing."""
