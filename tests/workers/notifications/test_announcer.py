"""Publishing without waiting for answers: everything arrives, also after Redis has closed the connection."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.exceptions import NoPermissionError

from tests.support.sentinels import running_sentinels
from tests.support.waiting import wait_until
from workers.notifications.announcer import Announcer
from workers.notifications.redis_client import make_client

SECONDS = 0.25


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with make_client(redis_url, SECONDS) as client:
        yield client


def subscribing(client: Any) -> Any:
    return client.pubsub()


def heard(subscription: Any) -> str:
    return str(subscription.get_message(timeout=5)["channel"].decode())


def test_what_is_published_is_heard_in_order(client: redis.Redis, redis_namespace: str) -> None:
    announcer = Announcer(client)
    channels = [f"{redis_namespace}:{number}" for number in range(5)]
    with subscribing(client) as subscription:
        subscription.subscribe(*channels)
        for _ in channels:
            subscription.get_message(timeout=5)
        announcer.publish(channels[:1])
        announcer.publish(channels[1:])
        assert [heard(subscription) for _ in channels] == channels
    announcer.close()


def test_a_connection_that_redis_has_closed_is_replaced(client: redis.Redis, redis_namespace: str) -> None:
    announcer, channel = Announcer(client), f"{redis_namespace}:changes"
    with subscribing(client) as subscription:
        subscription.subscribe(channel)
        subscription.get_message(timeout=5)
        before = {each["id"] for each in client.client_list()}
        announcer.publish([channel])
        assert heard(subscription) == channel
        [own] = [each for each in client.client_list() if each["id"] not in before]
        client.client_kill_filter(_id=own["id"])
        wait_until(lambda: own["id"] not in {each["id"] for each in client.client_list()}, within=5)
        announcer.publish([channel])
        assert heard(subscription) == channel
    announcer.close()


def test_what_redis_refuses_is_told_by_the_next_and_the_one_behind_it_is_sent(
    client: redis.Redis, redis_namespace: str
) -> None:
    announcer, channel = Announcer(client), f"{redis_namespace}:changes"
    mine = f"user-{redis_namespace}"
    client.acl_setuser(mine, enabled=True, nopass=True, commands=["+@connection"], keys=["*"])
    try:
        announcer.publish([channel])
        client.connection_pool.connection_kwargs |= {"username": mine, "password": "x"}
        barred = Announcer(client)
        barred.publish([channel])
        wait_until(lambda: _refused(barred, channel), within=5)
    finally:
        client.connection_pool.connection_kwargs |= {"username": None, "password": None}
        client.acl_deluser(mine)
    announcer.publish([channel])
    for each in (announcer, barred):
        each.close()


def _refused(announcer: Announcer, channel: str) -> bool:
    try:
        announcer.publish([channel])
    except NoPermissionError:
        return True
    return False


def test_a_server_that_takes_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"  # takes connections, never answers
        with make_client(url, SECONDS) as client, pytest.raises(redis.RedisError):
            Announcer(client).publish(["changes"])


def test_no_server_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with make_client(f"redis://127.0.0.1:{port}/0", SECONDS) as client:
        announcer = Announcer(client)
        for _ in range(2):
            with pytest.raises(redis.RedisError):
                announcer.publish(["changes"])


def test_the_server_is_the_one_that_sentinels_name() -> None:
    with running_sentinels() as them, make_client(them.url, 5) as client, subscribing(client) as subscription:
        subscription.subscribe("changes")
        assert heard(subscription) == "changes"  # the subscription itself
        announcer = Announcer(client)
        announcer.publish(["changes"])
        assert heard(subscription) == "changes"
        announcer.close()
