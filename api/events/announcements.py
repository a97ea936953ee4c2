"""What this process hears of changed smelts: of those that somebody follows through it, and of no others.

One connection to Redis, made again for as long as it takes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api.events.subscription import Subscription
from workers.notifications.redis_client import make_async_client

log = logging.getLogger("smelt.api")

REDIS_SECONDS = 1.0  # seconds to connect, and until the next try


class Announcements:
    """Smelts go by the text of their ids. Used in one event loop.

    `heard`: gets each that is announced while it is wanted; and each that is wanted as soon as it is subscribed to,
    since what was announced before wasn't heard.
    """

    def __init__(self, redis_url: str, namespace: str, heard: Callable[[str], None]) -> None:
        self._redis_url = redis_url
        self._namespace = namespace
        self._heard = heard
        self._wanted: Counter[str] = Counter()
        self._subscription: Subscription | None = None  # None: Redis is away

    def want(self, name: str) -> None:
        """Until `leave` is called as often. Heard at once where it is subscribed to already, or can't be."""
        self._wanted[name] += 1
        if self._subscription is None or self._subscription.stands(name):
            self._heard(name)
        else:
            self._subscription.reconsider(name)

    def leave(self, name: str) -> None:
        self._wanted[name] -= 1
        if not self._wanted[name]:
            del self._wanted[name]
            if self._subscription is not None:
                self._subscription.reconsider(name)

    async def listen(self) -> None:
        """Never returns. What is announced while Redis is away isn't heard."""
        client = make_async_client(
            self._redis_url,
            socket_connect_timeout=REDIS_SECONDS,
            health_check_interval=5,
            client_name=f"{self._namespace}:changes".replace(" ", "_"),
            # Nothing is tried again behind our back: a lost connection ends the subscription, and another is made.
            retry=Retry(NoBackoff(), 0, supported_errors=()),
        )
        async with client:
            while True:
                try:
                    await self._subscribe(client)
                except* (RedisError, OSError) as errors:
                    reason = type(errors.exceptions[0]).__name__
                    log.warning("no news from Redis (%s); Postgres is asked", reason)
                await asyncio.sleep(REDIS_SECONDS)

    async def _subscribe(self, client: redis.asyncio.Redis) -> None:
        async with client.pubsub() as pubsub:
            subscription = Subscription(pubsub, self._namespace, self._wanted, self._heard)
            await subscription.begin()
            self._subscription = subscription
            try:
                await subscription.go_on()
            finally:
                self._subscription = None
