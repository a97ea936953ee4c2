"""`smelt`, sending each notification three times: `python -m tests.faults.chaos.triple_notify api`."""

from collections.abc import Callable
from uuid import UUID

from deploy.cli.main import main
from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.queues import ActorName

TIMES = 3


def notify_three_times() -> None:
    """From now on, in this process."""
    QueueNotifier.notify = _three_times(QueueNotifier.notify)  # type: ignore[method-assign]


def _three_times(notify: Callable[[QueueNotifier, ActorName, int, UUID | None], bool]) -> Callable[..., bool]:
    def notify_more(
        notifier: QueueNotifier, actor: ActorName, count: int = 1, cause: UUID | None = None
    ) -> bool:
        return notify(notifier, actor, TIMES * count, cause)

    return notify_more


if __name__ == "__main__":
    notify_three_times()
    main()
