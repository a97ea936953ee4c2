"""A baseline: Dramatiq actors that do nothing but count, on the same Redis. Imported by Dramatiq's workers alone."""

import os

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from workers.notifications.queue_notifications import make_broker

url = os.environ["BENCH_REDIS_URL"]
broker = make_broker(RedisBroker, url, "bench", timeout=None)
client = redis.Redis.from_url(url)


@dramatiq.actor(broker=broker, queue_name="noop")
def noop() -> None:
    client.incr("bench:done")
