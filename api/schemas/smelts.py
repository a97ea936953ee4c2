"""What replies look like: names and meanings are the contract. Times are UTC, progress runs from 0 to 1."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from pipeline.states import (
    ApiKeyStatus,
    DefaultPromptName,
    ErrorCode,
    InputType,
    SmeltMode,
    SmeltStatus,
    Tier,
    WaitingFor,
    WorkStatus,
)

Time = Annotated[datetime, AfterValidator(lambda time: time.astimezone(UTC))]


class Reply(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


_WAITING_FOR = (
    "the outage that it waits out, at no cost, or `hold`: the operator has paused it; null: it waits for none"
)


class SpeakerTime(Reply):
    label: str = Field(description="`S1`, `S2`, … by first appearance")
    seconds: float


class SpeakerReply(SpeakerTime):
    name: str | None = Field(description="that a client has given")


class SpeakersReply(Reply):
    speakers: list[SpeakerReply]


class SpeakerNames(RootModel[dict[str, str]]):
    """A name by label; an empty one is none."""


class FileReply(Reply):
    id: UUID
    position: int
    input_type: InputType
    filename: str
    size_bytes: int
    duration_seconds: float | None
    language: str | None
    warnings: list[str] = Field(
        description="what was missing, damaged or chosen when it was heard, with times"
    )
    speakers: list[SpeakerTime] | None = Field(description="null: they weren't told apart")
    status: WorkStatus
    progress: float
    queue_position: int | None = Field(description="its place in the queue, from 1, while it waits")
    waiting_for: WaitingFor | None = Field(description=_WAITING_FOR)
    error_code: ErrorCode | None
    error_message: str | None


class OutputReply(Reply):
    id: UUID
    file_id: UUID | None = Field(description="null: made from all files together")
    default_prompt_name: DefaultPromptName | None
    user_prompt_id: UUID | None
    status: WorkStatus
    progress: float
    waiting_for: WaitingFor | None = Field(description=_WAITING_FOR)
    error_code: ErrorCode | None
    error_message: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None


class SmeltSummary(Reply):
    id: UUID
    status: SmeltStatus
    mode: SmeltMode
    tier: Tier
    default_prompt_names: list[DefaultPromptName]
    user_prompt_id: UUID | None
    version: int = Field(description="rises with every change")
    warnings: list[str]
    progress: float = Field(description="of all parts; 1 once it is completed, and only then")
    input_tokens: int = Field(description="of all finished outputs; failed attempts are not counted")
    output_tokens: int
    error_code: ErrorCode | None
    error_message: str | None
    created_at: Time
    finished_at: Time | None
    content_expires_at: Time


class SmeltReply(SmeltSummary):
    files: list[FileReply]
    outputs: list[OutputReply]


class AcceptedSmelt(SmeltReply):
    access_token: str | None = Field(
        None, description="anonymous only: the bearer token that opens this smelt until its content expires"
    )


class TicketReply(Reply):
    ticket: str = Field(description="opens the smelt's events once: `GET …/events?ticket=…`")
    expires_at: Time


class ListedSmelt(SmeltSummary):
    first_filenames: list[str] = Field(description="of its first files, in their order, four at the most")


class SmeltPage(Reply):
    items: list[ListedSmelt]
    next_cursor: str | None


class FinishedOutput(Reply):
    id: UUID
    file_id: UUID | None
    filename: str | None = Field(description="of the file it was made from")
    default_prompt_name: DefaultPromptName | None
    user_prompt_id: UUID | None
    markdown: str


class FinishedOutputs(Reply):
    outputs: list[FinishedOutput]


class DefaultPrompt(Reply):
    name: DefaultPromptName
    title: str
    description: str
    version: int = Field(description="rises when its instructions change")


class DefaultPrompts(Reply):
    items: list[DefaultPrompt]


class ProfileReply(Reply):
    tier: Tier
    credits_remaining: int
    weekly_credits_max: int
    credits_reset_at: Time
    api_key_status: ApiKeyStatus
    api_key_validated_at: Time | None


class LimitsReply(Reply):
    inputs: int
    audio_bytes: int
    audio_seconds: float
    text_bytes: int
    smelt_bytes: int
    combine: bool
    own_prompts: bool


class UsageReply(Reply):
    tier: Tier
    remaining: int | None = Field(description="smelts that may still be posted; null: no limit")
    resets_at: Time | None = Field(description="when `remaining` is full again")
    limits: LimitsReply


class DeletionReceipt(Reply):
    smelt_id: UUID
    objects_deleted: int
    key_destroyed_at: Time
