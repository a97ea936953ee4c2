"""The harness of the machine's sequences: one database with three users and a visitor, cleared for each."""

from dataclasses import replace
from typing import Self, cast
from uuid import UUID

from api.services import Services as ApiServices
from api.smelts.notifications import notify
from db.smelts.admission import Admitted, admit
from db.smelts.new_smelt import NewSmelt
from deploy.local_users import ensure_local_user
from pipeline.content.keyring import KeyRing, new_content_key, smelt_context, user_context
from pipeline.content.store import ContentStore, Kind, ObjectName
from pipeline.settings import Settings
from pipeline.states import DefaultPromptName, SmeltMode, Tier
from tests.faults.model.ledger import ALLOWANCES, WEEKLY
from tests.faults.model.notification_bag import NotificationBag
from tests.faults.model.objects import MemoryObjects
from tests.faults.model.one_transaction import OneTransaction
from tests.faults.model.snapshot import READ, WORK, Snapshot
from tests.support.heartbeats import HeartbeatByHand
from tests.support.smelts import new_smelt
from workers.services import Services

RECORDING, NOTE = b"a recording", b"a note"
HOOK = "http://127.0.0.1/hook"
VACUUM_EVERY = 100  # sequences


class Harness:
    """`database`: also to look and to make time pass."""

    def __init__(self, settings: Settings, owner_url: str) -> None:
        self.users = [ensure_local_user(owner_url, f"{name}@example.org") for name in ("ada", "bob", "eve")]
        self.keyring = KeyRing.parse(settings.need("keyring"))
        self.settings = settings
        self.database = OneTransaction(settings.need("database_url"))
        self._begun = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def clear(self, credits_left: dict[UUID, int]) -> None:
        """No smelt, no run, no tag, no message; so many credits."""
        if self._begun % VACUUM_EVERY == 0:
            self.database.vacuum()
        self._begun += 1
        self.bag, self.objects = NotificationBag(), MemoryObjects()
        self.database.start(self.bag)
        self.heartbeat = HeartbeatByHand(
            self.database,
            lease_seconds=self.settings.lease_seconds,
            stall_seconds=self.settings.stall_seconds,
        )
        self.services = Services(
            self.settings, self.database, ContentStore(self.objects), self.keyring, self.bag, self.heartbeat
        )
        for user, left in credits_left.items():
            self.database.run(_PROFILE, user, left, WEEKLY)
        self.database.run(
            _API_KEY, self.users[2], self.keyring.wrap(b"sk-of-their-own", user_context(self.users[2]))
        )
        self.database.run(
            "update user_profiles set api_key_status = 'valid' where user_id = %s", self.users[2]
        )

    def look(self) -> Snapshot:
        return Snapshot.of(self.database.run(READ))

    def make_smelt(
        self,
        user: UUID | None,
        *,
        mode: SmeltMode,
        audio: int,
        texts: int,
        prompts: tuple[DefaultPromptName, ...],
        webhook: bool,
    ) -> tuple[NewSmelt, bytes]:
        """A smelt that isn't admitted yet, with its unwrapped key. The last user has an API key of their own."""
        key = new_content_key()
        new = new_smelt(user, mode=mode, audio=audio, texts=texts, prompts=prompts)
        return replace(
            new,
            tier=Tier.OWN_KEY if user == self.users[2] else new.tier,
            content_key=self.keyring.wrap(key, smelt_context(new.id)),
            webhook_url=HOOK if webhook and user else None,
        ), key

    def post(self, new: NewSmelt, key: bytes) -> None:
        """Content, then the row, then the queue notification, as the API does. Raises Refused, leaving nothing."""
        for file in new.files:
            content = NOTE if file.media_type is None else RECORDING
            self.services.content.put(ObjectName(new.id, file.id, Kind.INPUT), key, content)
        try:
            with self.database.service() as conn:
                ready = admit(conn, new, ALLOWANCES)
        except BaseException:
            self.services.content.delete_smelt(new.id)
            raise
        self.notify(new.id, new.mode, ready)

    def notify(self, smelt_id: UUID, mode: SmeltMode, ready: Admitted) -> None:
        # Of what the API's routes share, notifying uses the settings and the queue notifier alone.
        notify(cast("ApiServices", self.services), smelt_id, mode, ready)

    def expire_leases(self) -> None:
        self._everywhere("lease_until = now() - interval '1 second' where status = 'processing'")

    def expire_lease(self, table: str, row_id: UUID) -> None:
        self.database.run(
            f"update {table} set lease_until = now() - interval '1 second' where status = 'processing' and id = %s",
            row_id,
        )

    def make_due(self) -> None:
        self._everywhere("run_at = now() where run_at is not null")

    def expire_content(self, smelt_id: str) -> None:
        self.database.run(
            "update smelts set content_expires_at = now() - interval '1 second' where id = %s", smelt_id
        )

    def make_monday(self, user: UUID) -> None:
        self.database.run(
            "update user_profiles set credits_reset_at = now() - interval '1 hour' where user_id = %s", user
        )

    def _everywhere(self, change: str) -> None:
        self.database.run("; ".join(f"update {table} set {change}" for table in WORK))


_PROFILE = """
    insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
    values (%s, %s, %s, date_trunc('week', now(), 'utc') + interval '7 days')
"""
_API_KEY = """
    insert into user_api_keys (user_id, ciphertext, key_id, last_four, validated_at)
    values (%s, %s, 'test', '-own', now())
"""
