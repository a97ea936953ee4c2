"""The one subscription of this process to the announcements of changed smelts; made again for as long as it takes."""

import asyncio
import logging
from collections.abc import Callable

import redis.asyncio
from redis.exceptions import RedisError

from workers.notifications.queue_notifications import changes_channel
from workers.notifications.redis_client import make_async_client

log = logging.getLogger("smelt.api")

REDIS_SECONDS = 1.0  # seconds for one exchange, and until the next try


class Announcements:
    """`heard`: gets the id of each smelt that is announced, as text."""

    def __init__(self, redis_url: str, namespace: str, heard: Callable[[str], None]) -> None:
        self._redis_url = redis_url
        self._channel = changes_channel(namespace)
        self._heard = heard

    async def listen(self) -> None:
        """Never returns. What is announced while Redis is away isn't heard."""
        client = make_async_client(
            self._redis_url,
            socket_connect_timeout=REDIS_SECONDS,
            health_check_interval=5,
            client_name=self._channel.replace(" ", "_"),
        )
        async with client:
            while True:
                try:
                    await self._subscribe(client)
                except (RedisError, OSError) as error:
                    log.warning("no news from Redis (%s); Postgres is asked", type(error).__name__)
                await asyncio.sleep(REDIS_SECONDS)

    async def _subscribe(self, client: redis.asyncio.Redis) -> None:
        async with client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(self._channel)
            while True:
                message = await subscription.get_message(timeout=REDIS_SECONDS)
                for name in message["data"].decode().split() if message else ():
                    self._heard(name)
