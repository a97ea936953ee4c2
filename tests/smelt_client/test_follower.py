"""Following a smelt through lost connections."""

from uuid import uuid4

import httpx2
import pytest

from smelt_client.errors import Unreachable
from smelt_client.events import PAUSE, TRIES, Follower

REQUEST = httpx2.Request("GET", "http://smelt.invalid/")


def sent(name: str, version: int, data: str = '{"status": "completed"}') -> httpx2.ServerSentEvent:
    return httpx2.ServerSentEvent(event=name, data=data, id=str(version))


def test_the_next_stream_goes_on_from_the_version_that_was_seen_last() -> None:
    smelt_id = uuid4()
    follower = Follower(smelt_id)
    assert "Last-Event-ID" not in follower.open().headers
    event = follower.take(sent("smelt", 7))
    assert event is not None
    assert (event.name, event.version, event.data["status"], follower.done) == (
        "smelt",
        7,
        "completed",
        False,
    )
    call = follower.open()
    assert (call.path, call.headers["Last-Event-ID"]) == (f"/v1/smelts/{smelt_id}/events", "7")
    follower.take(sent("done", 8))
    assert follower.done


def test_a_sign_of_life_is_no_event() -> None:
    assert Follower(uuid4()).take(sent("message", 1, "")) is None


def test_streams_that_bring_nothing_are_given_up() -> None:
    follower = Follower(uuid4())
    for _ in range(TRIES - 1):
        follower.open()
        assert follower.pause() == PAUSE
    follower.open()
    with pytest.raises(Unreachable, match="don't come through"):
        follower.pause()


def test_what_a_proxy_answers_is_no_stream() -> None:
    page = httpx2.Response(200, html="<p>Sign in", request=REQUEST)
    with pytest.raises(Unreachable, match="something else"):
        Follower(uuid4()).check(page)
