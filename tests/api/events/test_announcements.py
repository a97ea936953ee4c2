"""What is announced is heard of smelts that somebody follows, from the moment that they do until they no longer do.

No look comes to their help: one is made in so many seconds that every test would have failed by then.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio.client import PubSub

from api.events import hub
from api.events.reader import Reader
from tests.api.conftest import RunningApi
from tests.api.events.conftest import Channels
from tests.api.events.test_events import address, cancel_in, lasting_at_most, post, take
from tests.support.event_stream import events
from tests.support.waiting import wait_until
from workers.notifications.queue_notifications import changes_channel

SPEECH = (Path(__file__).parent.parent.parent / "recordings" / "telephone.wav").read_bytes()
SECONDS = 10  # by when all that is announced has been heard
COME_AND_GO = 200


@pytest.fixture(autouse=True)
def _without_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 2.0 * SECONDS)


def test_followers_of_a_smelt_share_a_subscription_and_hear_of_a_change_before_any_look(
    api: RunningApi, ada: httpx.Client, channels: Channels
) -> None:
    first, second = post(ada), post(ada)
    with (
        lasting_at_most(SECONDS),
        events(ada, address(first)) as one,
        events(ada, address(first)) as two,
        events(ada, address(second)) as three,
    ):
        for stream in (one, two, three):
            take(stream, 4)
        wait_until(lambda: channels.smelts() == {first, second})
        assert [channels.subscribers(name) for name in (first, second)] == [1, 1]
        cancel_in(api, first)
        assert [list(one)[-1].data, list(two)[-1].data] == [{"status": "canceled"}] * 2
        wait_until(lambda: channels.smelts() == {second})
        cancel_in(api, second)
        assert list(three)[-1].data == {"status": "canceled"}
        wait_until(lambda: channels.smelts() == set())


def test_a_change_before_the_subscription_stands_is_not_missed(
    api: RunningApi, ada: httpx.Client, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, let = threading.Event(), threading.Event()
    subscribe = PubSub.subscribe

    async def held(pubsub: PubSub, *names: Any) -> None:
        asked.set()
        await asyncio.to_thread(let.wait, SECONDS)
        await subscribe(pubsub, *names)

    smelt_id = post(ada)
    wait_until(channels.stand)
    monkeypatch.setattr(PubSub, "subscribe", held)
    with lasting_at_most(SECONDS), events(ada, address(smelt_id)) as stream:
        take(stream, 4)
        assert asked.wait(SECONDS)
        cancel_in(api, smelt_id)
        assert channels.smelts() == set()
        let.set()
        assert list(stream)[-1].data == {"status": "canceled"}


def test_the_first_change_waits_for_no_pause_between_two_reads(
    api: RunningApi, ada: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read again only because it is followed anew hasn't changed by that."""
    reads: list[str] = []
    view = Reader.view

    async def counted(reader: Reader, name: str) -> Any:
        found = await view(reader, name)
        reads.append(name)
        return found

    monkeypatch.setattr(Reader, "view", counted)
    monkeypatch.setattr(hub, "PAUSE", 2.0 * SECONDS)
    smelt_id = post(ada)
    with lasting_at_most(SECONDS), events(ada, address(smelt_id)) as stream:
        take(stream, 4)
        wait_until(lambda: reads == [smelt_id])
        cancel_in(api, smelt_id)
        assert list(stream)[-1].data == {"status": "canceled"}


def test_who_follows_what_is_subscribed_to_already_misses_nothing_between(
    api: RunningApi, ada: httpx.Client, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits for the smelt's end; it changes after a follower's first read, before they are entered."""
    smelt_id = post(ada)
    wait_until(channels.stand)
    enter = hub.Hub._enter

    def late(of: hub.Hub, *who: Any) -> Any:
        name = str(who[1].smelt_id)
        of._announcements.want(name)  # as who waits does
        assert of._announcements._subscription is not None
        of._announcements._subscription._asked[name] = True  # confirmed since
        cancel_in(api, name)
        return enter(of, *who)

    monkeypatch.setattr(hub.Hub, "_enter", late)
    with lasting_at_most(SECONDS), events(ada, address(smelt_id)) as stream:
        assert list(stream)[-1].data == {"status": "canceled"}


def test_a_subscription_that_is_lost_is_made_again_and_what_changed_meanwhile_is_seen_then(
    api: RunningApi, ada: httpx.Client, channels: Channels, caplog: pytest.LogCaptureFixture
) -> None:
    smelts = [post(ada) for _ in range(3)]
    with lasting_at_most(SECONDS), ExitStack() as stack:
        streams = [stack.enter_context(events(ada, address(smelt_id))) for smelt_id in smelts]
        for stream in streams:
            take(stream, 4)
        wait_until(lambda: channels.smelts() == {*smelts})
        name = f"{api.settings.redis_namespace}:changes"
        [ours] = [client["id"] for client in channels.store.client_list() if client["name"] == name]
        channels.store.client_kill_filter(_id=ours)
        wait_until(lambda: channels.smelts() == set())
        cancel_in(api, smelts[0])
        assert channels.smelts() == set()  # nobody has heard
        wait_until(lambda: channels.smelts() >= {*smelts[1:]})
        assert list(streams[0])[-1].data == {"status": "canceled"}
        cancel_in(api, smelts[1])
        assert list(streams[1])[-1].data == {"status": "canceled"}
    wait_until(lambda: channels.smelts() == set())
    assert "no news from Redis (ConnectionError)" in caplog.text


def test_while_nobody_follows_no_announcement_reaches_the_process(
    api: RunningApi, ada: httpx.Client, channels: Channels
) -> None:
    """And two hundred who come and go leave nothing behind."""
    wait_until(channels.stand)
    smelts = [post(ada) for _ in range(3)]
    assert channels.smelts() == set()
    for channel in ("changes", "changes:*", f"changes:{smelts[0]}"):
        assert channels.store.publish(f"{api.settings.redis_namespace}:{channel}", "") == 0

    def come_and_go(turn: int) -> None:
        with events(ada, address(smelts[turn % len(smelts)])) as stream:
            next(stream)

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(come_and_go, range(COME_AND_GO)))) == COME_AND_GO
    wait_until(lambda: channels.smelts() == set())
    of = api.services.hub
    assert (of._watches, of._announcements._wanted) == ({}, {})
    subscription = of._announcements._subscription
    assert subscription is not None
    assert (subscription._asked, subscription._due) == ({}, set())
    base = changes_channel(api.settings.redis_namespace, "")
    wait_until(lambda: subscription._pubsub.channels == {base.encode(): None})
    assert subscription._pubsub.pending_unsubscribe_channels == set()


def test_who_waits_for_an_end_is_looked_up_once_at_first_and_again_when_it_is_announced(
    api: RunningApi, ada: httpx.Client, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[set[str]] = []
    subscribed: list[set[str]] = []
    unfinished = Reader.unfinished

    async def look(reader: Reader, names: set[str]) -> set[str]:
        subscribed.append(channels.smelts())
        found = await unfinished(reader, names)
        looks.append(names)
        return found

    def call() -> httpx.Response:
        return ada.post("/v1/audio/transcriptions", files={"file": ("a.wav", SPEECH)})

    wait_until(channels.stand)
    monkeypatch.setattr(Reader, "unfinished", look)
    with lasting_at_most(SECONDS), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(call)
        wait_until(lambda: looks)
        [smelt_id] = looks[0]
        cancel_in(api, smelt_id)
        assert waiting.result(SECONDS).json()["error"]["code"] == "part_failed"
    assert looks == subscribed == [{smelt_id}] * 2
    wait_until(lambda: channels.smelts() == set())
