"""What one connection to Redis is subscribed to, until it is lost: a channel for each smelt that is wanted."""

import asyncio
from collections.abc import Callable, Collection

from redis.asyncio.client import PubSub

from workers.notifications.queue_notifications import changes_channel

READ_SECONDS = 1.0  # for one read, before each of which redis-py may check the connection


class Subscription:
    """`wanted`: the caller's own, who has each name that comes or goes reconsidered.

    `heard`: gets each that is announced, and each as soon as Redis has confirmed that it is subscribed to.
    """

    def __init__(
        self, pubsub: PubSub, namespace: str, wanted: Collection[str], heard: Callable[[str], None]
    ) -> None:
        self._pubsub = pubsub
        self._prefix = changes_channel(namespace, "")
        self._wanted = wanted
        self._heard = heard
        self._asked: dict[str, bool] = {}  # what Redis was asked for, and whether it has confirmed that
        self._due: set[str] = set()
        self._any_due = asyncio.Event()

    def stands(self, name: str) -> bool:
        return self._asked.get(name, False)

    def reconsider(self, name: str) -> None:
        self._due.add(name)
        self._any_due.set()

    async def begin(self) -> None:
        """Connects. Raises RedisError, OSError.

        Nothing is announced on the bare prefix: on a connection without any subscription redis-py reads the answer to
        its check where it writes, beside the task that reads.
        """
        await self._pubsub.subscribe(self._prefix)

    async def go_on(self) -> None:
        """Never returns. Raises RedisError and OSError, in a group, once the connection is lost."""
        for name in self._wanted:
            self.reconsider(name)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ask())
            tasks.create_task(self._read())

    async def _ask(self) -> None:
        while True:
            await self._any_due.wait()
            self._any_due.clear()
            due, self._due = self._due, set()
            come = [name for name in due if name in self._wanted and name not in self._asked]
            gone = [name for name in due if name not in self._wanted and name in self._asked]
            # Before Redis is: who wants one of them meanwhile has it reconsidered.
            self._asked |= dict.fromkeys(come, False)
            for name in gone:
                del self._asked[name]
            if come:
                await self._pubsub.subscribe(*map(self._channel, come))
            if gone:
                await self._pubsub.unsubscribe(*map(self._channel, gone))

    async def _read(self) -> None:
        while True:
            message = await self._pubsub.get_message(timeout=READ_SECONDS)
            if message is None:
                continue
            name = message["channel"].decode().removeprefix(self._prefix)
            if message["type"] == "message":
                self._heard(name)
            elif message["type"] == "subscribe" and name in self._asked:
                self._asked[name] = True
                self._heard(name)
            await asyncio.sleep(0)  # a thousand confirmations may have come at once

    def _channel(self, name: str) -> str:
        return f"{self._prefix}{name}"
