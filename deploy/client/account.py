"""What the user's account has beside smelts and prompts: machine tokens, and an API key of the user's own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, SecretStr, ValidationError, field_serializer
from pydantic_core import ErrorDetails

from api.schemas.account import ApiKeyBody, ApiKeyReply, NewTokenReply, TokenBody, TokenReply, Tokens
from smelt_client import Misused, Smelt
from smelt_client.calls import Call, removal

TOKENS, KEY = "/v1/tokens", "/v1/api-key"


class _SentKey(BaseModel):
    """The one place where the key is written out: into the call that stores it."""

    api_key: SecretStr

    @field_serializer("api_key")
    def _written(self, key: SecretStr) -> str:
        return key.get_secret_value()


class Account:
    """Every method raises Refused and Unreachable."""

    def __init__(self, client: Smelt) -> None:
        self._client = client

    def tokens(self) -> Sequence[TokenReply]:
        return self._client.do(Call("GET", TOKENS, Tokens.model_validate_json)).items

    def add_token(self, name: str, expires_at: datetime | None = None) -> NewTokenReply:
        """The token is in this reply alone. Raises Misused for what can't be a name, or is past."""
        try:
            body = TokenBody(name=name, expires_at=expires_at)
        except ValidationError as problem:
            raise Misused(f"the {problem.errors()[0]['loc'][0]}: {_fault(problem.errors()[0])}") from None
        read = NewTokenReply.model_validate_json
        return self._client.do(Call("POST", TOKENS, read, repeatable=False, body=body))

    def revoke_token(self, token_id: UUID) -> None:
        self._client.do(removal(f"{TOKENS}/{token_id}"))

    def key(self) -> ApiKeyReply:
        return self._client.do(Call("GET", KEY, ApiKeyReply.model_validate_json))

    def set_key(self, key: str) -> ApiKeyReply:
        """Checked with its provider before it is stored. Raises Misused for what can't be one."""
        try:
            checked = ApiKeyBody(api_key=SecretStr(key))
        except ValidationError as problem:
            raise Misused(f"the key {_fault(problem.errors()[0])}") from None
        body = _SentKey(api_key=checked.api_key)
        return self._client.do(Call("PUT", KEY, ApiKeyReply.model_validate_json, body=body))

    def delete_key(self) -> None:
        self._client.do(removal(KEY))


def _fault(error: ErrorDetails) -> str:
    if error["type"] == "too_short":
        return f"has fewer than {error['ctx']['min_length']} letters"
    return error["msg"].removeprefix("Value error, ")
