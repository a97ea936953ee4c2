"""`smelt`, sending each notification three times: `python -m tests.faults.chaos.triple_notify api`."""

from uuid import UUID

from deploy.cli.main import main
from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.queues import ActorName
from workers.notifications.waiting import MOST_WAITING

TIMES = 3

_notify = QueueNotifier.notify


def notify_three_times() -> None:
    """From now on, in this process."""
    QueueNotifier.notify = _notify_more  # type: ignore[method-assign] # for a whole process, of tests alone


# In the very words of what it stands for, so that the type checker sees where they part.
def _notify_more(
    self: QueueNotifier,
    actor: ActorName,
    count: int = 1,
    cause: UUID | None = None,
    most: int = MOST_WAITING,
) -> bool:
    return _notify(self, actor, TIMES * count, cause, TIMES * most)


if __name__ == "__main__":
    notify_three_times()
    main()
