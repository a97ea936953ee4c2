"""One worker process of a pool: `python -m workers.pools.process <queue>`. `deploy/supervisor/pool.py` starts as many
as are needed.

Dramatiq's own command isn't used for it: there the death of one process ends all the others of its pool, and a
process that was asked to stop goes on fetching for up to a second.
"""

import logging
import os
import sys

import dramatiq.worker
from dramatiq import Worker

from pipeline.logs import configure
from pipeline.metrics.work import expect
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.processes.stop_signal import set_on_stop
from pipeline.settings import SettingMissing
from pipeline.speakers.models import SpeakersUnavailable
from pipeline.speech.engine_settings import ModelUnavailable
from pipeline.tracing import setup as tracing
from pipeline.tracing.setup import TracingUnavailable
from workers import app
from workers.notifications.queue_depth import count_claimable
from workers.notifications.queues import Queue
from workers.pools import PROCESS_READY
from workers.pools.presence import Presence
from workers.pools.shutdown import end

log = logging.getLogger("workers.pools.process")  # it runs as __main__

IDLE_SECONDS = 0.25  # the longest that an idle thread sleeps; a notification for it ends its sleep
RESTART_SECONDS = 0.1  # between Redis's consumer and Postgres's; Dramatiq's own are 3


def main(queue: Queue) -> None:
    """Works until SIGTERM. What the operator has to mend is logged, and ends the process with EX_CONFIG."""
    settings, pool = app.settings, app.pool
    configure(queue.pool.value, settings)
    forbid_core_dumps(log)
    try:
        tracing.configure(queue.pool.value, settings)
        pool.open(queue)
    except (ModelUnavailable, SpeakersUnavailable, SettingMissing, TracingUnavailable, ValueError) as error:
        log.critical("%s", error)
        sys.exit(os.EX_CONFIG)  # starting again would end the same way
    set_on_stop(pool.stopping)
    dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = RESTART_SECONDS
    app.broker.poll_postgres(
        pool.services.notifier.circuit, lambda own, most: count_claimable(pool.services, own, most)
    )
    threads = pool.threads(queue)
    expect(queue.pool.value, threads)
    worker = Worker(
        app.broker, queues={queue.value}, worker_timeout=int(IDLE_SECONDS * 1000), worker_threads=threads
    )
    worker.queue_prefetch = threads  # a notification held by a busy process is one that an idle one lacks
    worker.start()
    presence = Presence(pool.services, queue)
    presence.start()
    log.info(PROCESS_READY)
    pool.stopping.wait()
    end(worker)
    presence.close()
    pool.close()


if __name__ == "__main__":
    main(Queue(sys.argv[1]))
