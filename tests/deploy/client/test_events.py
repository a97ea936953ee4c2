"""A stream of events that is cut is taken up again."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from deploy.client import events
from deploy.client.events import follow_events
from deploy.client.failures import Unreachable

STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
SNAPSHOT = b'event: smelt\ndata: {"status":"pending"}\nid: 1\n\n: heartbeat\n\n'
END = b'event: done\ndata: {"status":"completed"}\nid: 4\n\n'


class Cut(httpx2.SyncByteStream):
    """Breaks off after a snapshot, in the middle of an event."""

    def __iter__(self) -> Iterator[bytes]:
        yield SNAPSHOT + b"event: file\nda"
        raise httpx2.ReadError("the connection was reset")


def test_a_lost_stream_is_taken_up_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAUSE", 0.0)
    asked: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers.get("last-event-id"))
        if len(asked) == 1:
            return httpx2.Response(200, headers=STREAM, stream=Cut())
        return httpx2.Response(200, headers=STREAM, content=SNAPSHOT + (END if len(asked) == 3 else b""))

    with httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://smelt") as http:
        told = list(follow_events(http, "/events"))
    assert asked == [None, "1", "1"]
    assert [event.name for event in told] == ["smelt", "smelt", "smelt", "done"]
    assert json.dumps(told[-1].data) == '{"status": "completed"}'


def test_only_the_ends_of_lines_that_the_standard_knows_end_one() -> None:
    """Other libraries' lines end at these too, in the middle of a JSON string."""
    odd = "a\u2028b\u0085c\u2029d"
    sent = f'event: done\ndata: {{"filename":"{odd}"}}\nid: 4\n\n'.encode()
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=STREAM, content=sent))
    with httpx2.Client(transport=transport, base_url="http://smelt") as http:
        assert [event.data for event in follow_events(http, "/events")] == [{"filename": odd}]


def test_streams_that_bring_nothing_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something on the way holds them back: trying for ever would tell nobody."""
    monkeypatch.setattr(events, "PAUSE", 0.0)
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, headers=STREAM, content=b": heartbeat\n\n")

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://ann:secret@smelt") as http,
        pytest.raises(Unreachable, match=r"^http://smelt answers, but") as told,
    ):
        list(follow_events(http, "/events"))
    assert "secret" not in str(told.value)
    assert len(asked) == events.TRIES
