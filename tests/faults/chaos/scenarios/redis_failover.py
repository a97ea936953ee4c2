"""Redis by its sentinels: the primary dies, or hands over to its replica, again and again."""

import time
from dataclasses import replace

import psutil

from tests.faults.chaos.scenario import Result, result
from tests.faults.chaos.scenarios.redis_gone import posts, work_on
from tests.faults.chaos.world import World, world
from tests.support.sentinels import FAILOVER_SECONDS, Sentinels, running_sentinels
from tests.support.waiting import wait_until
from workers.notifications.queues import Queue
from workers.notifications.waiting import notification_channel

ROUNDS, SHORT_ROUNDS = 5, 1
WAIT_SECONDS = 60.0


def redis_failover(seed: int, full: bool) -> Result:
    """Each post is accepted meanwhile, and workers listen to the new primary."""
    rounds = ROUNDS if full else SHORT_ROUNDS
    with running_sentinels() as sentinels, world(seed, latency=0.05, redis_url=sentinels.url) as it:
        elected, heard = [], []
        with posts(it):
            work_on(it)
            for dies in (True, False) * rounds:
                began = time.monotonic()
                before = sentinels.kill_primary() if dies else sentinels.hand_over()
                wait_until(lambda: sentinels.primary != before, FAILOVER_SECONDS)  # noqa: B023
                elected.append(time.monotonic() - began)
                wait_until(lambda: _listens(it, sentinels), WAIT_SECONDS)
                heard.append(time.monotonic() - began)
                if dies:
                    server = sentinels.start_server(before, sentinels.primary)
                    it.before.add(psutil.Process(server.pid))
                it.hits += 1
                work_on(it)
                wait_until(sentinels.whole, FAILOVER_SECONDS)
        outcome = result("Redis fails over, by its sentinels", it, WAIT_SECONDS)
    measured = {
        "posts": str(len(it.oracle.waits)),
        "slowest election": f"{max(elected):.1f} s",
        "workers listen to the new primary within": f"{max(heard):.1f} s",
    }
    return replace(outcome, measured=measured)


def _listens(it: World, sentinels: Sentinels) -> bool:
    """Whether a worker process listens to the primary's notifications."""
    channel = notification_channel(it.service.settings.redis_namespace, Queue.SYNTHESIZE)
    with sentinels.client(sentinels.primary) as client:
        [(_, count)] = client.pubsub_numsub(channel)
    return int(count) > 0
