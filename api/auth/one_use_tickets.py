"""One-use tickets: kept in Redis, by their hashes, for a while. What a ticket stands for is its issuer's matter."""

import secrets
from hashlib import sha256

import redis

from workers.notifications.redis_client import make_client

EXCHANGE_SECONDS = 1.0  # seconds for one exchange with Redis
RANDOM_BYTES = 32


class TicketsUnavailable(Exception):
    """Redis is out of reach."""


class OneUseTickets:
    """Safe to share between threads. Both methods raise TicketsUnavailable."""

    def __init__(self, redis_url: str, namespace: str) -> None:
        self._client = make_client(redis_url, EXCHANGE_SECONDS)
        self._prefix = f"{namespace}:ticket:"

    def issue(self, purpose: str, stands_for: str, seconds: int) -> str:
        """`purpose`: what it may be used for, and nothing else."""
        ticket = secrets.token_urlsafe(RANDOM_BYTES)
        try:
            self._client.set(self._key(purpose, ticket), stands_for, ex=seconds)
        except redis.RedisError:
            raise TicketsUnavailable from None
        return ticket

    def redeem(self, purpose: str, ticket: str) -> str | None:
        """Uses the ticket up. None: there is none such, or not any more."""
        try:
            found = self._client.getdel(self._key(purpose, ticket))
        except redis.RedisError:
            raise TicketsUnavailable from None
        return found.decode() if isinstance(found, bytes) else None

    def close(self) -> None:
        self._client.close()

    def _key(self, purpose: str, ticket: str) -> str:
        return f"{self._prefix}{purpose}:{sha256(ticket.encode()).hexdigest()}"
