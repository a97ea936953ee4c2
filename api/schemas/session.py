"""What the page's session looks like on the wire. Of the page alone: other clients send their token themselves."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.smelts import Reply, Time


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SignIn(_Request):
    """A token, or a one-use ticket in its place. `refresh_token`: comes with the sign-in service's token."""

    token: Annotated[str, Field(min_length=1, max_length=8_192)] | None = None
    refresh_token: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    ticket: Annotated[str, Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "SignIn":
        if (self.token is None) == (self.ticket is None):
            raise ValueError("needs a token or a ticket")
        return self


class EmailLink(_Request):
    email: Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    back_to: Annotated[str, Field(max_length=2_000, pattern=r"^https?://[!-~]+$")]


class SessionKind(StrEnum):
    NONE = "none"
    VISITOR = "visitor"
    USER = "user"
    MACHINE = "machine"


class WaysToSignIn(Reply):
    email: bool
    providers: tuple[str, ...]
    authorize_url: str | None


class SessionReply(Reply):
    """`smelt_id`: the one that a visitor's session opens. `renewable`: `PUT` gives a new one, also after the end."""

    kind: SessionKind
    email: str | None = None
    smelt_id: UUID | None = None
    expires_at: Time | None = None
    renewable: bool = False
    sign_in: WaysToSignIn
    smelt_fields: tuple[str, ...] = Field(description="that a post may have here: the page offers these")


class SignInTicket(Reply):
    ticket: str
    expires_at: Time
