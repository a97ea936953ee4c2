"""What can be done to a running service. Only its own processes are ever touched."""

import os
from contextlib import suppress

import psutil
import redis

from tests.faults.chaos.processes import masters, named, workers
from tests.faults.chaos.world import World


def kill_worker(world: World) -> None:
    """A random worker child; now and then a master."""
    own = world.processes()
    targets = masters(own) if world.chance.random() < 0.2 else workers(own)
    if targets:
        _kill(world.chance.choice(targets))


def kill_postgres(world: World) -> None:
    """Every process of the embedded server at once, as a crash of the machine would."""
    for process in named(world.processes(), "postgres"):
        _kill(process)


def flush_redis(world: World) -> None:
    with redis.Redis.from_url(world.service.settings.need("redis_url")) as client, suppress(redis.RedisError):
        client.flushall()


def _kill(process: psutil.Process) -> None:
    assert process.pid != os.getpid()
    with suppress(psutil.NoSuchProcess):
        process.kill()
