"""What requests and replies about the account look like: machine tokens, the own API key, the export."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator

from api.schemas.smelts import Reply, Time
from pipeline.states import ApiKeyStatus


class TokenBody(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    expires_at: AwareDatetime | None = Field(None, description="null: never")

    @field_validator("name")
    @classmethod
    def _storable(cls, name: str) -> str:
        if not name.isprintable() or not name.strip():
            raise ValueError("must be printable text")
        return name

    @field_validator("expires_at")
    @classmethod
    def _to_come(cls, moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise ValueError("must be before the end of time") from None
        if moment <= datetime.now(UTC):
            raise ValueError("must be in the future")
        return moment


class TokenReply(Reply):
    id: UUID
    name: str
    last_four: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None = Field(description="right to the minute")


class NewTokenReply(TokenReply):
    token: str = Field(description="shown this once")


class Tokens(Reply):
    items: list[TokenReply]


class ApiKeyBody(BaseModel):
    """What a key may look like is the provider's matter; here it must fit into a header."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr = Field(min_length=8, max_length=512)

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr) -> SecretStr:
        if not all("!" <= letter <= "~" for letter in key.get_secret_value()):
            raise ValueError("must be printable ASCII without spaces")
        return key


class ApiKeyReply(Reply):
    status: ApiKeyStatus
    last_four: str | None
    validated_at: Time | None


class AccountExport(Reply):
    """Every row that is stored of the user. Content is none of it: it is taken from the smelts while it lives."""

    exported_at: Time
    tables: dict[str, list[dict[str, Any]]]
