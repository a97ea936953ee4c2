"""One-use tickets for browsers, whose EventSource can't send a token: kept in Redis, by their hashes, for a minute."""

import secrets
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import redis
from pydantic import BaseModel
from redis.backoff import NoBackoff
from redis.retry import Retry

from api.events.follower import Follower

EXCHANGE_SECONDS = 1.0  # seconds for one exchange with Redis
LIFETIME = 60  # seconds
RANDOM_BYTES = 32


class TicketsUnavailable(Exception):
    """Redis is out of reach."""


class _Kept(BaseModel):
    """What a ticket stands for."""

    smelt_id: UUID
    user_id: UUID | None
    ends: datetime | None
    token_hash: str | None


class Tickets:
    """Safe to share between threads. Both methods raise TicketsUnavailable."""

    def __init__(self, redis_url: str, namespace: str) -> None:
        self._client = redis.Redis.from_url(
            redis_url,
            socket_timeout=EXCHANGE_SECONDS,
            socket_connect_timeout=EXCHANGE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._prefix = f"{namespace}:ticket:"

    def issue(self, follower: Follower, smelt_id: UUID) -> str:
        ticket = secrets.token_urlsafe(RANDOM_BYTES)
        kept = _Kept(
            smelt_id=smelt_id,
            user_id=follower.user_id,
            ends=follower.ends,
            token_hash=follower.token_hash.hex() if follower.token_hash else None,
        )
        try:
            self._client.set(self._key(ticket), kept.model_dump_json(), ex=LIFETIME)
        except redis.RedisError:
            raise TicketsUnavailable from None
        return ticket

    def redeem(self, ticket: str, smelt_id: UUID) -> Follower | None:
        """Uses the ticket up. None: there is none such, not any more, or it was for another smelt."""
        try:
            found = self._client.getdel(self._key(ticket))
        except redis.RedisError:
            raise TicketsUnavailable from None
        if not isinstance(found, bytes):
            return None
        kept = _Kept.model_validate_json(found)
        if kept.smelt_id != smelt_id:
            return None
        return Follower(kept.user_id, kept.ends, bytes.fromhex(kept.token_hash) if kept.token_hash else None)

    def close(self) -> None:
        self._client.close()

    def _key(self, ticket: str) -> str:
        return self._prefix + sha256(ticket.encode()).hexdigest()
