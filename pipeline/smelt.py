"""A smelt and its parts, as the service knows them: metadata only. Times are UTC, durations seconds, sizes bytes."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pipeline.errors import PUBLIC_MESSAGES
from pipeline.states import (
    Channels,
    DefaultPromptName,
    ErrorCode,
    InputType,
    SmeltMode,
    SmeltStatus,
    Tier,
    WaitingFor,
    WorkStatus,
)

ALMOST = 0.99  # the most progress of a smelt that isn't completed


class Kept(NamedTuple):
    """What was heard of a recording before it was done: an object in the content store.

    `attempt`: the one that made it, by which it is named. `segments`: of the recording, up to its end. `version`: the
    smelt's, from which on it is there.
    """

    attempt: int
    segments: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmeltFile:
    id: UUID
    position: int
    input_type: InputType
    media_type: str | None  # the sniffed container; None for text
    filename: str
    size_bytes: int
    duration_seconds: float | None
    language: str | None
    status: WorkStatus
    waiting_for: WaitingFor | None  # the outage that it waits out, or a hold
    error_code: ErrorCode | None
    error_detail: str | None = None  # what more is known than the code says
    attempt: int  # of a completed recording: the one whose transcript counts
    progress: float
    warnings: tuple[str, ...]  # about how it was heard
    speaker_seconds: tuple[float, ...] | None = None  # of S1, S2, …; None: speakers weren't told apart
    kept: tuple[Kept, ...] = ()  # in order; once it is completed the last stands for its transcript

    @property
    def error_message(self) -> str | None:
        return self.error_detail or _message(self.error_code)

    @property
    def share_done(self) -> float:
        return _share_done(self.status, self.progress)


def _message(code: ErrorCode | None) -> str | None:
    return None if code is None else PUBLIC_MESSAGES[code]


def _share_done(status: WorkStatus, progress: float) -> float:
    """1 only for what has completed, however much of what failed had been heard or read."""
    return 1.0 if status is WorkStatus.COMPLETED else min(progress, ALMOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmeltOutput:
    id: UUID
    file_id: UUID | None  # None: of all files together
    position: int
    default_prompt_name: DefaultPromptName | None
    is_user_prompt: bool
    status: WorkStatus
    waiting_for: WaitingFor | None
    error_code: ErrorCode | None
    attempt: int  # of a completed output: the one whose result counts
    progress: float
    model: str | None
    input_tokens: int | None
    output_tokens: int | None

    @property
    def error_message(self) -> str | None:
        return _message(self.error_code)

    @property
    def share_done(self) -> float:
        return _share_done(self.status, self.progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """`progress`: from 0 to 1, the mean of the parts'; 1 once the smelt is completed, and only then. Tokens: read and
    written by language models for the outputs that are finished; attempts that failed aren't counted.
    """

    progress: float
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Smelt:
    id: UUID
    user_id: UUID | None
    tier: Tier
    mode: SmeltMode
    channels: Channels
    status: SmeltStatus
    error_code: ErrorCode | None
    default_prompt_names: tuple[DefaultPromptName, ...]
    user_prompt_id: UUID | None
    language: str | None
    webhook_url: str | None
    warnings: tuple[str, ...]  # of the API's contract; nothing has one to give yet that isn't a file's
    version: int
    content_ttl_seconds: int
    content_expires_at: datetime
    content_deleted_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    files: tuple[SmeltFile, ...] = ()
    outputs: tuple[SmeltOutput, ...] = ()

    @property
    def totals(self) -> Totals:
        """Of a smelt that was read with its parts."""
        parts: tuple[SmeltFile | SmeltOutput, ...] = (*self.files, *self.outputs)
        done = sum(part.share_done for part in parts)
        return Totals(
            progress=self.progress_by(done / len(parts) if parts else 0.0),
            input_tokens=sum(output.input_tokens or 0 for output in self.outputs),
            output_tokens=sum(output.output_tokens or 0 for output in self.outputs),
        )

    def progress_by(self, mean: float) -> float:
        """`mean`: of its parts'. What failed or was canceled isn't done, though all of it was worked on."""
        return 1.0 if self.status is SmeltStatus.COMPLETED else min(round(mean, 4), ALMOST)
