"""What can be done to a running service. Only its own processes are ever touched."""

import os
import signal
import time
from contextlib import suppress

import psutil
import redis

from tests.chaos.processes import children, masters, named
from tests.chaos.world import World


def kill_worker(world: World) -> None:
    """A random worker child; now and then a master."""
    own = world.processes()
    targets = masters(own) if world.chance.random() < 0.2 else children(own)
    if targets:
        _kill(world.chance.choice(targets))


def kill_postgres(world: World) -> None:
    """Every process of the embedded server at once, as a crash of the machine would."""
    for process in named(world.processes(), "postgres"):
        _kill(process)


def kill_valkey(world: World) -> None:
    for process in named(world.processes(), "valkey-server"):
        _kill(process)


def flush_redis(world: World) -> None:
    with redis.Redis.from_url(world.service.settings.need("redis_url")) as client, suppress(redis.RedisError):
        client.flushall()


def freeze_worker(world: World) -> None:
    """Stops a synthesizing worker for longer than its lease, then lets it go on: a zombie."""
    targets = children(world.processes(), "synthesize")
    if not targets:
        return
    target = world.chance.choice(targets)
    with suppress(psutil.NoSuchProcess):
        target.suspend()
        time.sleep(world.service.settings.lease_seconds + 2)
        target.resume()


def stop_pool(world: World) -> None:
    """SIGTERM to a pool's master, as a rolling deploy sends it."""
    targets = masters(world.processes())
    if targets:
        with suppress(psutil.NoSuchProcess):
            world.chance.choice(targets).send_signal(signal.SIGTERM)


def _kill(process: psutil.Process) -> None:
    assert process.pid != os.getpid()
    with suppress(psutil.NoSuchProcess):
        process.kill()
