"""What actors and the reconciler work with: opened once per process."""

from dataclasses import dataclass
from datetime import timedelta

from db.session import Database
from pipeline.content import ContentStore
from pipeline.keyring import KeyRing
from pipeline.settings import Settings
from workers.heartbeat import Heartbeat
from workers.wake import Doorbell

# Shorter than a transaction may be idle: in a process that is frozen, those that wait for each other's locks would get
# them one after the other, and each keep them for as long as that. A living one tries again.
LOCK_TIMEOUT = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    content: ContentStore
    keyring: KeyRing
    doorbell: Doorbell
    heartbeat: Heartbeat

    @classmethod
    def open(cls, settings: Settings, *, connections: int | None = None) -> "Services":
        """`connections`: the most to Postgres, besides the heartbeat's one.

        Raises SettingMissing, or ValueError for one that can't be read.
        """
        doorbell = Doorbell(settings.need("redis_url"), settings.redis_namespace)
        return cls(
            settings=settings,
            database=Database(
                settings.need("database_url"),
                pool_size=connections or settings.database_pool,
                lock_timeout=LOCK_TIMEOUT,
                on_change=doorbell.announce,
                on_delivery=doorbell.ring_for_webhooks,
            ),
            content=ContentStore.open_url(settings.need("content_url")),
            keyring=KeyRing.parse(settings.need("keyring")),
            doorbell=doorbell,
            heartbeat=Heartbeat.open(settings),
        )

    def close(self) -> None:
        self.heartbeat.close()
        self.doorbell.close()
        self.database.close()
