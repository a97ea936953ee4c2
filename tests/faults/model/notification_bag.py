"""Queue notifications as a bag that the machine may lose, double and hand out in any order."""

from collections.abc import Collection
from uuid import UUID

from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.queues import ActorName, Queue
from workers.notifications.waiting import MOST_WAITING


class NotificationBag(QueueNotifier):
    """`up`: whether Redis answers. `notifications`: sent and not taken yet."""

    def __init__(self) -> None:
        self.up = True
        self.notifications: list[ActorName] = []

    def notify(
        self, actor: ActorName, count: int = 1, cause: UUID | None = None, most: int = MOST_WAITING
    ) -> bool:
        if self.up:
            room = most - sum(one.queue is actor.queue for one in self.notifications)
            self.notifications += [actor] * max(min(count, room), 0)
        return self.up

    def waiting(self, queue: Queue) -> int | None:
        return sum(actor.queue is queue for actor in self.notifications) if self.up else None

    def announce(self, changed: Collection[UUID]) -> bool:
        return self.up

    def close(self) -> None:
        self.notifications.clear()
