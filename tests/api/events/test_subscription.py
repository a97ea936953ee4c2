"""What is wanted is subscribed to, and nothing else, whatever comes and goes meanwhile."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio.client import PubSub

from api.events.announcements import Announcements
from tests.api.events.conftest import Channels
from tests.support.waiting import wait_until
from workers.notifications.queue_notifications import QueueNotifier


def test_what_is_left_and_wanted_again_at_once_is_subscribed_to_in_the_end(
    redis_url: str, redis_namespace: str, channels: Channels
) -> None:
    """However far Redis has been told of either by then."""
    heard: list[str] = []
    notifier = QueueNotifier(redis_url, redis_namespace)

    async def ticks(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def until(condition: Any) -> None:
        await asyncio.to_thread(wait_until, condition)

    async def scenario() -> None:
        wanted = Announcements(redis_url, redis_namespace, heard.append)
        listening = asyncio.create_task(wanted.listen())
        await until(channels.stand)
        for before, between in ((before, between) for before in range(12) for between in range(12)):
            smelt_id = uuid4()
            name = str(smelt_id)
            wanted.want(name)
            await ticks(before)
            wanted.leave(name)
            await ticks(between)
            wanted.want(name)
            subscription = wanted._subscription
            assert subscription is not None
            await until(lambda: subscription.stands(name) and channels.subscribers(name) == 1)  # noqa: B023
            heard_before = heard.count(name)
            await asyncio.to_thread(notifier.announce, [smelt_id])
            await until(lambda: heard.count(name) > heard_before)  # noqa: B023
            wanted.leave(name)
            await until(lambda: channels.subscribers(name) == 0)  # noqa: B023
        assert wanted._wanted == {}
        listening.cancel()

    asyncio.run(scenario())
    notifier.close()


def test_a_thousand_at_once_are_one_command(
    redis_url: str, redis_namespace: str, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[Any, ...]] = []
    execute = PubSub.execute_command

    async def counted(pubsub: PubSub, *args: Any) -> object:
        commands.append(args)
        return await execute(pubsub, *args)

    monkeypatch.setattr(PubSub, "execute_command", counted)
    names = {str(uuid4()) for _ in range(1_000)}
    heard: list[str] = []

    async def scenario() -> None:
        wanted = Announcements(redis_url, redis_namespace, heard.append)
        listening = asyncio.create_task(wanted.listen())
        await asyncio.to_thread(wait_until, channels.stand)
        for name in names:
            wanted.want(name)
        await asyncio.to_thread(wait_until, lambda: len(heard) == len(names))
        for name in names:
            wanted.leave(name)
        await asyncio.to_thread(wait_until, lambda: channels.smelts() == set())
        listening.cancel()

    asyncio.run(scenario())
    assert {*heard} == names
    assert [(command[0], len(command) - 1) for command in commands] == [
        ("SUBSCRIBE", 1),
        ("SUBSCRIBE", 1_000),
        ("UNSUBSCRIBE", 1_000),
    ]


def test_who_wants_anything_while_redis_is_away_hears_of_it_at_once() -> None:
    heard: list[UUID] = []
    wanted = Announcements("redis://127.0.0.1:1/0", "test", lambda name: heard.append(UUID(name)))
    smelt_id = uuid4()
    wanted.want(str(smelt_id))
    wanted.leave(str(smelt_id))
    assert heard == [smelt_id]
    assert wanted._wanted == {}
