"""What the service replies, as far as a client needs it; a test compares it with the service's own schemas.

States, tiers and codes are text, and fields that aren't known are passed over: a client outlives many a version of the
service, and what is new there must not break it. Times are UTC, progress runs from 0 to 1, sizes are bytes.
"""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, RootModel

ENDED = frozenset({"completed", "failed", "canceled"})


class Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Ending(Reply):
    status: str

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def completed(self) -> bool:
        """Whether there is a result."""
        return self.status == "completed"


class SpeakerTime(Reply):
    """`label`: `S1`, `S2`, … by first appearance."""

    label: str
    seconds: float


class SpeakerReply(SpeakerTime):
    name: str | None


class SpeakersReply(Reply):
    speakers: list[SpeakerReply]


class SpeakerNames(RootModel[dict[str, str]]):
    """By label."""


class FileReply(Ending):
    """`speakers` None: they weren't told apart."""

    id: UUID
    position: int
    input_type: str
    filename: str
    size_bytes: int
    duration_seconds: float | None
    language: str | None
    warnings: list[str]
    speakers: list[SpeakerTime] | None = None
    progress: float
    queue_position: int | None
    waiting_for: str | None
    error_code: str | None
    error_message: str | None


class OutputReply(Ending):
    """`file_id` None: made from all files together."""

    id: UUID
    file_id: UUID | None
    default_prompt_name: str | None
    user_prompt_id: UUID | None
    progress: float
    waiting_for: str | None
    error_code: str | None
    error_message: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None


class SmeltSummary(Ending):
    id: UUID
    mode: str
    tier: str
    default_prompt_names: list[str]
    user_prompt_id: UUID | None
    version: int
    warnings: list[str]
    progress: float
    input_tokens: int
    output_tokens: int
    error_code: str | None
    error_message: str | None
    created_at: datetime
    finished_at: datetime | None
    content_expires_at: datetime


class SmeltReply(SmeltSummary):
    files: list[FileReply]
    outputs: list[OutputReply]


class AcceptedSmelt(SmeltReply):
    """`access_token`: a visitor's; it opens this one smelt."""

    access_token: str | None = None


class ListedSmelt(SmeltSummary):
    """`first_filenames`: of its first files, in their order."""

    first_filenames: list[str] = []


class SmeltPage(Reply):
    items: list[ListedSmelt]
    next_cursor: str | None


class DeletionReceipt(Reply):
    smelt_id: UUID
    objects_deleted: int
    key_destroyed_at: datetime


class DefaultPrompt(Reply):
    name: str
    title: str
    description: str
    version: int


class DefaultPrompts(Reply):
    items: list[DefaultPrompt]


class LimitsReply(Reply):
    inputs: int
    audio_bytes: int
    audio_seconds: float
    text_bytes: int
    smelt_bytes: int
    combine: bool
    own_prompts: bool


class UsageReply(Reply):
    """`remaining`: smelts that may still be posted; None: no limit."""

    tier: str
    remaining: int | None
    resets_at: datetime | None
    limits: LimitsReply
