"""What the user's account has beside smelts and prompts: machine tokens, an API key of the user's own, an allowance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, SecretStr, ValidationError, field_serializer

from api.schemas.account import ApiKeyBody, ApiKeyReply, NewTokenReply, TokenBody, TokenReply, Tokens
from api.schemas.smelts import UsageReply
from deploy.client.exchange import Exchange
from deploy.client.failures import Misused

TOKENS, KEY = "/v1/tokens", "/v1/api-key"


class _SentKey(BaseModel):
    """The one place where the key is written out: into the call that stores it."""

    api_key: SecretStr

    @field_serializer("api_key")
    def _written(self, key: SecretStr) -> str:
        return key.get_secret_value()


class Account:
    """Every method raises Refused and Unreachable."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def usage(self) -> UsageReply:
        return self._exchange.read(UsageReply, "/v1/usage")

    def tokens(self) -> Sequence[TokenReply]:
        return self._exchange.read(Tokens, TOKENS).items

    def add_token(self, name: str, expires_at: datetime | None = None) -> NewTokenReply:
        """The token is in this reply alone. Raises Misused for what can't be a name, or is past."""
        try:
            body = TokenBody(name=name, expires_at=expires_at)
        except ValidationError as problem:
            raise Misused(f"{problem.errors()[0]['loc'][0]}: {problem.errors()[0]['msg']}") from None
        return self._exchange.call(NewTokenReply, "POST", TOKENS, body)

    def revoke_token(self, token_id: UUID) -> None:
        self._exchange.remove(f"{TOKENS}/{token_id}")

    def key(self) -> ApiKeyReply:
        return self._exchange.read(ApiKeyReply, KEY)

    def set_key(self, key: str) -> ApiKeyReply:
        """Checked with its provider before it is stored. Raises Misused for what can't be one."""
        try:
            checked = ApiKeyBody(api_key=SecretStr(key))
        except ValidationError as problem:
            raise Misused(f"the key {problem.errors()[0]['msg'].removeprefix('Value error, ')}") from None
        return self._exchange.call(ApiKeyReply, "PUT", KEY, _SentKey(api_key=checked.api_key))

    def delete_key(self) -> None:
        self._exchange.remove(KEY)
