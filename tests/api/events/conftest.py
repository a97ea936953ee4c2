"""Which channels of smelts anybody is subscribed to, as Redis says."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from workers.notifications.queue_notifications import changes_channel
from workers.notifications.redis_client import make_client


class Channels:
    """Those of smelts to which anybody is subscribed."""

    def __init__(self, store: redis.Redis, namespace: str) -> None:
        self.store = store
        self.namespace = namespace

    def smelts(self) -> set[str]:
        prefix = changes_channel(self.namespace, "")
        found: Any = self.store.pubsub_channels(f"{prefix}?*")
        return {channel.decode().removeprefix(prefix) for channel in found}

    def subscribers(self, smelt_id: str) -> int:
        return int(self.store.pubsub_numsub(changes_channel(self.namespace, smelt_id))[0][1])

    def stand(self) -> bool:
        """Whether one process is ready to subscribe."""
        return self.subscribers("") == 1


@pytest.fixture
def channels(redis_url: str, redis_namespace: str) -> Iterator[Channels]:
    with make_client(redis_url, None) as store:
        yield Channels(store, redis_namespace)
