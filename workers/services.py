"""What actors and the reconciler work with: opened once per process."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Connection

from db.one_exchange import OneExchange
from db.session import Database, DatabaseUnavailable
from pipeline.content.keyring import KeyRing
from pipeline.content.store import ContentStore
from pipeline.settings import Settings
from workers.notifications.queue_notifications import QueueNotifier
from workers.runner.heartbeat import Heartbeat
from workers.runner.lookers import Lookers

# Shorter than a transaction may be idle: in a process that is frozen, those that wait for each other's locks would get
# them one after the other, and each keep them for as long as that. A living one tries again.
LOCK_TIMEOUT = timedelta(seconds=3)
AWAY_SECONDS = 0.5  # between two tries to record something while Postgres is away

T = TypeVar("T")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    content: ContentStore
    keyring: KeyRing
    notifier: QueueNotifier
    heartbeat: Heartbeat
    lookers: Lookers = field(default_factory=Lookers)

    @classmethod
    def open(
        cls, settings: Settings, *, process: str = "smelt worker", connections: int | None = None
    ) -> "Services":
        """`connections`: the most to Postgres, besides the heartbeat's one. `process`: what that is told of them.

        Raises SettingMissing, or ValueError for one that can't be read.
        """
        notifier = QueueNotifier(settings.need("redis_url"), settings.redis_namespace)
        return cls(
            settings=settings,
            database=Database(
                settings.need("database_url"),
                process=process,
                pool_size=connections or settings.database_pool,
                lock_timeout=LOCK_TIMEOUT,
                on_change=notifier.announce,
                on_delivery=notifier.notify_webhooks,
            ),
            content=ContentStore.open_url(
                settings.need("content_url"), allow_http=settings.s3_allow_http, guarded=True
            ),
            keyring=KeyRing.parse(settings.need("keyring")),
            notifier=notifier,
            heartbeat=Heartbeat.open(settings, process),
        )

    def record(self, change: Callable[[Connection], T]) -> T:
        """One transaction, tried again while Postgres is away and the lease of what it is about still runs.

        A commit whose reply was lost is safe to repeat: the second finds the claim lost.
        """
        return self._until_back(self.database.service, change)

    def record_once(self, change: Callable[[OneExchange], T]) -> T:
        """The same for what goes to Postgres together, in one exchange."""
        return self._until_back(self.database.once, change)

    def record_brief(self, change: Callable[[OneExchange], T]) -> T:
        """The same in two: what `change` has returned is known before it is committed."""
        return self._until_back(self.database.brief, change)

    def _until_back(self, begin: Callable[[], AbstractContextManager[C]], change: Callable[[C], T]) -> T:
        give_up = time.monotonic() + self.settings.lease_seconds
        while True:
            try:
                with begin() as conn:
                    return change(conn)
            except DatabaseUnavailable:
                if time.monotonic() > give_up:
                    raise
                time.sleep(AWAY_SECONDS)

    def close(self) -> None:
        self.heartbeat.close()
        self.notifier.close()
        self.database.close()
