"""What replies about webhooks look like."""

from uuid import UUID

from pydantic import Field

from api.schemas.smelts import Reply, Time
from pipeline.states import ErrorCode, WorkStatus


class WebhookSecretReply(Reply):
    secret: str = Field(
        description="`whsec_…`, shown this once; Standard Webhooks libraries take it as it is"
    )
    previous_valid_until: Time | None = Field(
        description="until then the secrets before sign as well; null: there was none"
    )


class DeliveryReply(Reply):
    id: UUID
    smelt_id: UUID
    event: str = Field(description="`smelt.completed`, `smelt.failed` or `smelt.canceled`")
    smelt_version: int
    status: WorkStatus
    attempt: int = Field(description="how often it was tried")
    response_status: int | None = Field(description="of the latest attempt; null: no reply")
    error_code: ErrorCode | None
    next_attempt_at: Time | None
    created_at: Time
    finished_at: Time | None


class DeliveryPage(Reply):
    items: list[DeliveryReply]
    next_cursor: str | None
