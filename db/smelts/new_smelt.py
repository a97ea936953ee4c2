"""What admission puts into the tables: a smelt whose content lies in the store already."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pipeline.states import Channels, DefaultPromptName, InputType, SmeltMode, SpeechTask, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    id: UUID
    input_type: InputType
    media_type: str | None
    filename: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSmelt:
    """`content_key`: wrapped."""

    id: UUID
    user_id: UUID | None
    tenant: str
    tier: Tier
    mode: SmeltMode
    default_prompt_names: Sequence[DefaultPromptName]
    user_prompt_id: UUID | None
    language: str | None
    task: SpeechTask = SpeechTask.TRANSCRIBE
    content_key: bytes
    content_ttl_seconds: int
    content_max_age_seconds: int
    idempotency_key: str | None
    request_fingerprint: bytes | None
    files: Sequence[NewFile]
    webhook_url: str | None = None
    channels: Channels = Channels.MIXED
    speakers: bool = False
    min_speakers: int | None = None
    max_speakers: int | None = None
