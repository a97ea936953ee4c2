"""A stream of events that is cut is taken up again."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx2
import pytest

from smelt_client import Event, Smelt, Unreachable, events

STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
SNAPSHOT = b'event: smelt\ndata: {"status":"pending"}\nid: 1\n\n: heartbeat\n\n'
END = b'event: done\ndata: {"status":"completed"}\nid: 4\n\n'


def followed(
    answer: Callable[[httpx2.Request], httpx2.Response], server: str = "http://smelt"
) -> list[Event]:
    with Smelt(server) as client:
        client._http = httpx2.Client(base_url=server, transport=httpx2.MockTransport(answer))
        return list(client.events(uuid4()))


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

    told = followed(answer)
    assert asked == [None, "1", "1"]
    assert [event.name for event in told] == ["smelt", "smelt", "smelt", "done"]
    assert json.dumps(told[-1].data) == '{"status": "completed"}'


def test_only_the_ends_of_lines_that_the_standard_knows_end_one() -> None:
    """Other libraries' lines end at these too, in the middle of a JSON string."""
    odd = "a\u2028b\u0085c\u2029d"
    sent = f'event: done\ndata: {{"filename":"{odd}"}}\nid: 4\n\n'.encode()
    told = followed(lambda _: httpx2.Response(200, headers=STREAM, content=sent))
    assert [event.data for event in told] == [{"filename": odd}]


def test_streams_that_bring_nothing_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something on the way holds them back: trying for ever would tell nobody."""
    monkeypatch.setattr(events, "PAUSE", 0.0)
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, headers=STREAM, content=b": heartbeat\n\n")

    with pytest.raises(Unreachable, match=r"^http://smelt answers, but") as told:
        followed(answer, "http://ann:secret@smelt")
    assert "secret" not in str(told.value)
    assert len(asked) == events.TRIES
