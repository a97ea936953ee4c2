"""The composition of a worker: the broker, what its process holds, and every actor with its queue.

Dramatiq's own retries, time and age limits stay out: Postgres decides when something runs again, leases decide
how long it may take. A message's argument is the id that caused it, for the logs alone.
"""

import dramatiq

from pipeline.settings import Settings
from workers.actors.deliver import deliver
from workers.actors.maintenance import maintain
from workers.actors.synthesize import synthesize
from workers.actors.transcribe import transcribe
from workers.notifications.consumer import ListeningBroker
from workers.notifications.queue_notifications import make_broker
from workers.notifications.queues import ActorName
from workers.pools.pool import Pool
from workers.runner.run import run_all

REDIS_SECONDS = 1.0  # seconds for one exchange with Redis

settings = Settings.from_env()
broker = make_broker(
    ListeningBroker, settings.need("redis_url"), settings.redis_namespace, timeout=REDIS_SECONDS
)
pool = Pool(settings)


def transcribe_file(_cause: str | None = None) -> None:
    """Any recording that may run, not the one whose arrival was notified: a message names no row, and the claim takes
    the smallest virtual finish time of all. So a short one too, which `transcribe_short_file` has not claimed yet.
    """
    run_all(
        pool.services,
        ActorName.TRANSCRIBE_FILE,
        lambda t: transcribe(t, pool.speech, pool.speakers),
        pool.stopping,
        alone=pool.speech.lanes == 1,
    )


def transcribe_short_file(_cause: str | None = None) -> None:
    run_all(
        pool.services,
        ActorName.TRANSCRIBE_SHORT_FILE,
        lambda t: transcribe(t, pool.speech, pool.speakers, only_short=True),
        pool.stopping,
        alone=pool.speech.lanes == 1,
    )


def apply_separate(_cause: str | None = None) -> None:
    """Any output that may run, one of a combined smelt too: both actors claim from one table in one order, so that
    neither kind passes the other. The row says which files go into it, so the work is the same.
    """
    run_all(pool.services, ActorName.APPLY_SEPARATE, lambda t: synthesize(t, pool.engines), pool.stopping)


def apply_combine(_cause: str | None = None) -> None:
    """As `apply_separate`, whose outputs it may run, for the same reason: the name says only what was notified of."""
    run_all(pool.services, ActorName.APPLY_COMBINE, lambda t: synthesize(t, pool.engines), pool.stopping)


def apply_short(_cause: str | None = None) -> None:
    run_all(pool.services, ActorName.APPLY_SHORT, lambda t: synthesize(t, pool.engines), pool.stopping)


def deliver_webhook(_cause: str | None = None) -> None:
    run_all(pool.services, ActorName.DELIVER_WEBHOOK, lambda t: deliver(t, pool.outbound), pool.stopping)


def reset_weekly_credits(_cause: str | None = None) -> None:
    run_all(pool.services, ActorName.RESET_WEEKLY_CREDITS, maintain, pool.stopping)


def purge_content(_cause: str | None = None) -> None:
    run_all(pool.services, ActorName.PURGE_CONTENT, maintain, pool.stopping)


ACTORS = (
    transcribe_file,
    transcribe_short_file,
    apply_separate,
    apply_combine,
    apply_short,
    deliver_webhook,
    reset_weekly_credits,
    purge_content,
)
for actor in ACTORS:
    dramatiq.actor(broker=broker, queue_name=ActorName(actor.__name__).queue.value)(actor)
