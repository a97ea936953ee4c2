"""A stream of events that is cut is taken up again."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.client import events
from deploy.client.events import follow_events
from deploy.client.failures import Unreachable

STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
SNAPSHOT = b'event: smelt\ndata: {"status":"pending"}\nid: 1\n\n: heartbeat\n\n'
END = b'event: done\ndata: {"status":"completed"}\nid: 4\n\n'


class Cut(httpx.SyncByteStream):
    """Breaks off after a snapshot, in the middle of an event."""

    def __iter__(self) -> Iterator[bytes]:
        yield SNAPSHOT + b"event: file\nda"
        raise httpx.ReadError("the connection was reset")


def test_a_lost_stream_is_taken_up_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAUSE", 0.0)
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        if len(asked) == 1:
            return httpx.Response(200, headers=STREAM, stream=Cut())
        return httpx.Response(200, headers=STREAM, content=SNAPSHOT + (END if len(asked) == 3 else b""))

    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://smelt") as http:
        told = list(follow_events(http, "/events"))
    assert asked == [None, "1", "1"]
    assert [event.name for event in told] == ["smelt", "smelt", "smelt", "done"]
    assert json.dumps(told[-1].data) == '{"status": "completed"}'


def test_streams_that_bring_nothing_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something on the way holds them back: trying for ever would tell nobody."""
    monkeypatch.setattr(events, "PAUSE", 0.0)
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, headers=STREAM, content=b": heartbeat\n\n")

    with (
        httpx.Client(transport=httpx.MockTransport(answer), base_url="http://smelt") as http,
        pytest.raises(Unreachable),
    ):
        list(follow_events(http, "/events"))
    assert len(asked) == events.TRIES
