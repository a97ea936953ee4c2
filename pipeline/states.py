"""Every state, kind and code that a row can hold, in one place.

The database has an enum type of the same name and the same members for each (`db/migrations`); the moves
between states are drawn in `docs/architecture.md` and guarded in SQL.
"""

from enum import StrEnum


class SmeltMode(StrEnum):
    SEPARATE = "separate"  # every prompt is applied to each file
    COMBINE = "combine"  # every prompt is applied once, to all files together


class SmeltStatus(StrEnum):
    PENDING = "pending"  # admitted; no worker has begun
    TRANSCRIBING = "transcribing"  # at least one recording has been begun
    SYNTHESIZING = "synthesizing"  # every file is terminal, prompts remain
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def terminal(self) -> bool:
        return self in (SmeltStatus.COMPLETED, SmeltStatus.FAILED, SmeltStatus.CANCELED)


class Channels(StrEnum):
    """How a recording's channels are heard."""

    MIXED = "mixed"  # as one
    SEPARATE = "separate"  # each by itself: a speaker each


class WorkStatus(StrEnum):
    """The state of one piece of work: a file, an output, a delivery, a scheduled run."""

    WAITING = "waiting"  # its inputs are missing (run_at null), or it isn't due (run_at set)
    PENDING = "pending"  # claimable
    PROCESSING = "processing"  # leased by a worker
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def terminal(self) -> bool:
        return self in (WorkStatus.COMPLETED, WorkStatus.FAILED, WorkStatus.CANCELED)


class WaitingFor(StrEnum):
    """What is away, where a part waits out an outage; or that the operator holds it. Neither counts as its failure."""

    CONTENT_STORE = "content_store"
    LANGUAGE_MODEL = "language_model"
    HOLD = "hold"  # its queue or its tenant is paused


class InputType(StrEnum):
    AUDIO = "audio"
    TEXT = "text"


class SpeechTask(StrEnum):
    """What becomes of a recording."""

    TRANSCRIBE = "transcribe"  # written down in the language that is spoken
    TRANSLATE = "translate"  # written down in English


class Tier(StrEnum):
    ANONYMOUS = "anonymous"
    CREDITS = "credits"
    OWN_KEY = "own_key"
    LOCAL = "local"  # the one user of a service on one's own machine; never in production


UNCOUNTED = (Tier.OWN_KEY, Tier.LOCAL)  # who uses up nothing that others would want


class ApiKeyStatus(StrEnum):
    NONE = "none"
    VALID = "valid"
    INVALID = "invalid"


class DefaultPromptName(StrEnum):
    SUMMARIZE = "summarize"
    ACTION_ITEMS = "action_items"
    DETAILED_NOTES = "detailed_notes"
    QA_FORMAT = "qa_format"
    TABLE_OF_CONTENTS = "table_of_contents"


class ErrorCode(StrEnum):
    """What went wrong with a smelt or with one part of it. Their public messages: `pipeline/errors.py`."""

    FILE_TOO_LARGE = "file_too_large"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DURATION_EXCEEDED = "duration_exceeded"
    CORRUPTED_FILE = "corrupted_file"
    EMPTY_INPUT = "empty_input"
    NO_SPEECH = "no_speech"
    TRANSCRIPTION_FAILED = "transcription_failed"
    INPUT_TOO_LONG = "input_too_long"
    SYNTHESIS_FAILED = "synthesis_failed"
    CONTENT_FILTERED = "content_filtered"
    API_KEY_INVALID = "api_key_invalid"
    API_RATE_LIMITED = "api_rate_limited"
    API_QUOTA_EXHAUSTED = "api_quota_exhausted"
    API_UNAVAILABLE = "api_unavailable"
    TIMED_OUT = "timed_out"
    WORKER_LOST = "worker_lost"
    CONTENT_EXPIRED = "content_expired"
    FILE_FAILED = "file_failed"
    NOTHING_COMPLETED = "nothing_completed"
    INTERNAL_ERROR = "internal_error"
    DELIVERY_FAILED = "delivery_failed"
    ADDRESS_REFUSED = "address_refused"
    NO_AUDIO = "no_audio"
    UNSUPPORTED_CODEC = "unsupported_codec"
