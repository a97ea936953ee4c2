"""Queue notifications as a bag that the machine may lose, double and hand out in any order."""

from collections.abc import Collection
from uuid import UUID

from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.queues import ActorName, Queue


class NotificationBag(QueueNotifier):
    """`up`: whether Redis answers. `notifications`: sent and not taken yet."""

    def __init__(self) -> None:
        self.up = True
        self.notifications: list[ActorName] = []

    def notify(self, actor: ActorName, count: int = 1, cause: UUID | None = None) -> bool:
        if self.up:
            self.notifications += [actor] * max(count, 0)
        return self.up

    def waiting(self, queue: Queue) -> int | None:
        return sum(actor.queue is queue for actor in self.notifications) if self.up else None

    def announce(self, changed: Collection[UUID]) -> bool:
        return self.up

    def close(self) -> None:
        self.notifications.clear()
