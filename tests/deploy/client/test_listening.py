"""What is heard of several smelts is told while they are looked at in turns."""

import threading
from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest

from deploy.client import following, listening
from deploy.client.client import Client
from deploy.client.listening import Listening
from smelt_client import Event, Unreachable
from smelt_client.models import SmeltReply
from tests.support.smelt_replies import file, smelt
from tests.support.waiting import wait_until


def hearing(number: int, status: str = "processing", kind: str = "audio") -> SmeltReply:
    """A smelt of one file, which is at work."""
    return smelt(file(number, status=status, input_type=kind), id=UUID(int=number), status="transcribing")


def segment(number: int, text: str) -> Event:
    return Event("segment", 1, {"file": str(UUID(int=number)), "index": 0, "text": text})


def test_of_several_smelts_each_tells_what_it_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP as it is: looks, and a stream beside them for each smelt that is at work."""
    monkeypatch.setattr(following, "FASTEST_TURN", 0.0)
    monkeypatch.setattr(following, "SLOWEST_LOOK", 0.02)
    heard: dict[UUID, str] = {}

    def answer(request: httpx2.Request) -> httpx2.Response:
        number = UUID(request.url.path.split("/")[3]).int
        if request.url.path.endswith("/events"):
            body = (
                f'event: segment\ndata: {{"file":"{UUID(int=number)}","text":"Said in {number}."}}\nid: 1\n\n'
                'event: done\ndata: {"status":"completed"}\nid: 2\n\n'
            )
            return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)
        done = len(heard) == 2
        state = smelt(file(number), id=UUID(int=number), status="completed") if done else hearing(number)
        return httpx2.Response(200, content=state.model_dump_json())

    with Client("http://smelt") as client:
        client._http = httpx2.Client(base_url="http://smelt", transport=httpx2.MockTransport(answer))
        seen = list(client.follow_all([UUID(int=1), UUID(int=2)], lambda *each: heard.update([each])))
    assert heard == {UUID(int=1): "Said in 1.", UUID(int=2): "Said in 2."}
    assert all(each.completed for each in seen[-1])


@pytest.mark.parametrize(
    "idle", [hearing(1, "pending"), hearing(1, "completed"), hearing(1, "processing", "text")]
)
def test_where_no_recording_is_at_work_no_stream_is_opened(idle: SmeltReply) -> None:
    opened: list[UUID] = []

    def events(smelt_id: UUID) -> Iterator[Event]:
        opened.append(smelt_id)
        return iter([segment(smelt_id.int, "Ann.")])

    heard = threading.Event()
    with Listening(events, lambda *_: heard.set()) as listened:
        listened.take([idle, hearing(2)])
        assert heard.wait(10)
    assert opened == [UUID(int=2)]


def test_there_are_as_many_streams_as_may_be_and_the_next_takes_the_place_of_one_that_ended() -> None:
    opened, ended = list[int](), [threading.Event() for _ in range(listening.STREAMS + 1)]
    smelts = [hearing(number) for number in range(listening.STREAMS + 1)]

    def events(smelt_id: UUID) -> Iterator[Event]:
        opened.append(smelt_id.int)
        assert ended[smelt_id.int].wait(10)
        return iter([])

    def taken() -> bool:
        listened.take(smelts)
        return len(opened) == len(smelts)

    with Listening(events, lambda *_: None) as listened:
        listened.take(smelts)
        wait_until(lambda: len(opened) == listening.STREAMS)
        listened.take(smelts)
        ended[0].set()
        wait_until(taken)
        for each in ended:
            each.set()
    assert sorted(opened) == list(range(listening.STREAMS + 1))


def test_a_stream_that_does_not_come_through_is_not_asked_for_again_and_costs_nothing() -> None:
    opened: list[UUID] = []
    heard = threading.Event()

    def events(smelt_id: UUID) -> Iterator[Event]:
        opened.append(smelt_id)
        if smelt_id.int == 1:
            raise Unreachable(detail="a proxy holds it back")
        return iter([segment(2, "Ann.")])

    with Listening(events, lambda *_: heard.set()) as listened:
        for _ in range(3):
            listened.take([hearing(1), hearing(2)])
        assert heard.wait(10)
    assert sorted(opened) == [UUID(int=1), UUID(int=2)]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_comes_once_the_command_has_ended_is_passed_over() -> None:
    """Nothing is told to a display that is gone, and a client that was closed under the stream is no mistake."""
    begun, closed = threading.Event(), threading.Event()
    heard: list[str] = []

    def events(smelt_id: UUID) -> Iterator[Event]:
        begun.set()
        assert closed.wait(10)
        if smelt_id.int == 1:
            raise RuntimeError("the client has been closed")
        yield segment(2, "Ann.")

    with Listening(events, lambda _, text: heard.append(text)) as listened:
        listened.take([hearing(1), hearing(2)])
        assert begun.wait(10)
    closed.set()
    wait_until(lambda: listened._open == 0)
    assert heard == []
