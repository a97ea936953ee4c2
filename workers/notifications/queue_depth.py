"""How much of the work that a queue's workers may claim is ready.

Apart from `queue_notifications.py`, because the services hold the notifier and this needs the services.
"""

from db.work import claims
from db.work.tables import BY_QUEUE
from workers.notifications.queues import Queue
from workers.services import Services


def count_claimable(services: Services, queue: Queue, most: int) -> int:
    """Counted up to `most`. Raises DatabaseUnavailable."""
    route = queue.actor.route
    table = BY_QUEUE[route.pool]
    with services.database.service() as conn:
        return claims.count_claimable(conn, table, most, only_short=route.only_short)
