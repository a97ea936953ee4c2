"""A stream of events that is cut is taken up again."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.client import events
from deploy.client.events import follow_events

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
        replies = [httpx.Response(200, stream=Cut()), httpx.Response(200, content=SNAPSHOT)]
        return replies[len(asked) - 1] if len(asked) <= 2 else httpx.Response(200, content=SNAPSHOT + END)

    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://smelt") as http:
        told = list(follow_events(http, "/events"))
    assert asked == [None, "1", "1"]
    assert [event.name for event in told] == ["smelt", "smelt", "smelt", "done"]
    assert json.dumps(told[-1].data) == '{"status": "completed"}'
