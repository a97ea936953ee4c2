"""The queues and the actors by their names. Imports no client of Redis: a pool's own process has no use for one."""

from dataclasses import dataclass
from enum import StrEnum


class Queue(StrEnum):
    """What a worker process listens to. A pool is named after the first of its queues."""

    TRANSCRIBE = "transcribe"
    TRANSCRIBE_SHORT = (
        "transcribe_short"  # for those of the pool's processes that are kept for short recordings
    )
    SYNTHESIZE = "synthesize"
    SYNTHESIZE_SHORT = "synthesize_short"  # for the process of the pool that is kept for short outputs
    DELIVER = "deliver"
    MAINTENANCE = "maintenance"

    @property
    def actor(self) -> "ActorName":
        """Whom to notify of work on this queue: the first of its actors, since each may run the others' rows."""
        return next(actor for actor, route in ROUTES.items() if route.queue is self)

    @property
    def pool(self) -> "Queue":
        return self.actor.route.pool


class ActorName(StrEnum):
    """The actors' names, as messages carry them."""

    TRANSCRIBE_FILE = "transcribe_file"
    TRANSCRIBE_SHORT_FILE = "transcribe_short_file"
    APPLY_SEPARATE = "apply_separate"
    APPLY_COMBINE = "apply_combine"
    APPLY_SHORT = "apply_short"
    DELIVER_WEBHOOK = "deliver_webhook"
    PURGE_CONTENT = "purge_content"
    RESET_WEEKLY_CREDITS = "reset_weekly_credits"

    @property
    def route(self) -> "Route":
        return ROUTES[self]

    @property
    def queue(self) -> Queue:
        return self.route.queue


@dataclass(frozen=True, slots=True)
class Route:
    """`queue`: on which an actor is notified. `pool`: whose processes listen to it, and claim from the table of work
    that is named after it (`BY_QUEUE` in `db/work/tables.py`). `only_short`: of its rows the short ones alone.
    """

    queue: Queue
    pool: Queue
    only_short: bool = False


ROUTES = {
    ActorName.TRANSCRIBE_FILE: Route(Queue.TRANSCRIBE, Queue.TRANSCRIBE),
    ActorName.TRANSCRIBE_SHORT_FILE: Route(Queue.TRANSCRIBE_SHORT, Queue.TRANSCRIBE, only_short=True),
    ActorName.APPLY_SEPARATE: Route(Queue.SYNTHESIZE, Queue.SYNTHESIZE),
    ActorName.APPLY_COMBINE: Route(Queue.SYNTHESIZE, Queue.SYNTHESIZE),
    ActorName.APPLY_SHORT: Route(Queue.SYNTHESIZE_SHORT, Queue.SYNTHESIZE, only_short=True),
    ActorName.DELIVER_WEBHOOK: Route(Queue.DELIVER, Queue.DELIVER),
    ActorName.PURGE_CONTENT: Route(Queue.MAINTENANCE, Queue.MAINTENANCE),
    ActorName.RESET_WEEKLY_CREDITS: Route(Queue.MAINTENANCE, Queue.MAINTENANCE),
}
