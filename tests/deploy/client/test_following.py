"""A smelt is followed by its events, and where no stream comes through by looking again and again."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from uuid import UUID

import httpx2
import pytest

from api.openapi.examples import EXAMPLES
from deploy.client import following
from deploy.client.client import Client
from smelt_client import Event, Refused, attempts, events
from smelt_client.events import Follower
from smelt_client.models import SmeltReply

Answer = Callable[[httpx2.Request], httpx2.Response]


class Service:
    """One smelt, whose every look finds the next of `states`, and the last one from then on."""

    def __init__(self, *states: SmeltReply, stream: Answer) -> None:
        self.looks = self.streams = 0
        self._states, self._stream = states, stream

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/events"):
            self.streams += 1
            return self._stream(request)
        state = self._states[min(self.looks, len(self._states) - 1)]
        self.looks += 1
        return httpx2.Response(200, content=state.model_dump_json())


def smelt(status: str, version: int, progress: float) -> SmeltReply:
    """Of one text and one output."""
    whole = SmeltReply.model_validate(EXAMPLES["SmeltReply"])
    ended = status == "completed"
    output = whole.outputs[0].model_copy(update={"progress": progress})
    return SmeltReply.model_validate(
        {
            **whole.model_dump(),
            "status": status,
            "version": version,
            "progress": progress,
            "finished_at": whole.created_at if ended else None,
            "outputs": [output],
        }
    )


STATES = [smelt("pending", 1, 0.0), smelt("synthesizing", 2, 0.5), smelt("completed", 3, 1.0)]


def told(*states: SmeltReply) -> bytes:
    """Every part of each, as the service would tell it; `done` if the last has ended."""

    def written() -> Iterator[str]:
        for state in states:
            summary = state.model_dump_json(exclude={"files", "outputs"})
            parts = [("smelt", summary), *(("file", part.model_dump_json()) for part in state.files)]
            parts += [("output", part.model_dump_json()) for part in state.outputs]
            parts += [("done", '{"status":"completed"}')] if state.ended else []
            yield from (f"event: {name}\ndata: {data}\nid: {state.version}\n\n" for name, data in parts)

    return "".join(written()).encode()


def streamed(body: bytes) -> httpx2.Response:
    request = httpx2.Request("GET", "http://smelt/events")
    return httpx2.Response(200, request=request, headers={"Content-Type": "text/event-stream"}, content=body)


def events_of(reply: httpx2.Response) -> Iterator[Event]:
    follower = Follower(UUID(int=1))
    return (event for sent in httpx2.EventSource(reply) if (event := follower.take(sent)) is not None)


def followed(
    monkeypatch: pytest.MonkeyPatch, service: Answer, hear: following.Hear = lambda *_: None
) -> list[SmeltReply]:
    for module, pause in ((events, "PAUSE"), (attempts, "FIRST_DELAY"), (following, "SLOWEST_LOOK")):
        monkeypatch.setattr(module, pause, 0.0)
    with Client("http://smelt") as client:
        client._http = httpx2.Client(base_url="http://smelt", transport=httpx2.MockTransport(service))
        return list(client.follow(UUID(str(EXAMPLES["SmeltReply"]["id"])), hear))


def test_it_looks_at_the_beginning_and_the_end_and_hears_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(STATES[0], STATES[2], stream=lambda _: streamed(told(*STATES)))
    seen = followed(monkeypatch, service)
    assert (service.looks, service.streams) == (2, 1)
    assert seen[0] == STATES[0]
    assert seen[-1] == STATES[2]
    assert "synthesizing" in [state.status for state in seen]
    assert len(seen) == len({state.model_dump_json() for state in seen[:-1]}) + 1


def test_a_stream_that_breaks_off_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = iter([told(STATES[0]), told(*STATES[1:])])
    service = Service(STATES[0], STATES[2], stream=lambda _: streamed(next(bodies)))
    assert followed(monkeypatch, service)[-1] == STATES[2]
    assert (service.looks, service.streams) == (2, 2)


def cut(_: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("not a byte")


NO_STREAM: list[tuple[str, Answer]] = [
    ("nothing comes", cut),
    ("it is closed at once", lambda _: streamed(b"")),
    ("signs of life alone", lambda _: streamed(b": \n\n" * 3)),
    (
        "another answers",
        lambda _: httpx2.Response(200, headers={"Content-Type": "text/html"}, text="<p>data: x"),
    ),
    ("a proxy knows no such thing", lambda _: httpx2.Response(405)),
    ("the service can't", lambda _: httpx2.Response(500)),
]


@pytest.mark.parametrize("stream", [stream for _, stream in NO_STREAM], ids=[name for name, _ in NO_STREAM])
def test_without_a_stream_it_looks_again_and_again(monkeypatch: pytest.MonkeyPatch, stream: Answer) -> None:
    service = Service(STATES[0], *STATES, stream=stream)
    seen = followed(monkeypatch, service)
    assert [state.status for state in seen[-2:]] == ["synthesizing", "completed"]
    assert service.looks == 4


def test_a_smelt_that_is_deleted_meanwhile_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(STATES[0], stream=lambda _: streamed(told(STATES[0])))
    gone = httpx2.Response(404, json={"code": "not_found", "detail": "Not found."})

    def answer(request: httpx2.Request) -> httpx2.Response:
        return gone if service.streams else service(request)

    with pytest.raises(Refused, match="Not found"):
        followed(monkeypatch, answer)


def test_what_the_reader_is_too_slow_for_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of a thousand files is canceled: drawing each change would take longer than all the work did."""
    now = 0.0

    def tick() -> float:
        nonlocal now
        now += 0.01
        return now

    monkeypatch.setattr(following, "time", SimpleNamespace(monotonic=tick))
    many = [STATES[0].model_copy(update={"version": 2 + n, "progress": n / 1_000}) for n in range(1_000)]
    looks = iter([STATES[0], STATES[2]])
    shown = 0
    for _ in following.followed(lambda: next(looks), lambda: events_of(streamed(told(*many, STATES[2])))):
        shown += 1
        now += 1.0  # it draws for a second
    assert 3 < shown < 100


def test_several_are_looked_at_in_turns_until_all_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that has ended isn't looked at again."""
    pauses: list[float] = []
    monkeypatch.setattr(following, "time", SimpleNamespace(sleep=pauses.append))
    one, other = iter(STATES), iter([STATES[0], STATES[2]])
    seen = list(following.followed_together([lambda: next(one), lambda: next(other)]))
    assert [[smelt.status for smelt in smelts] for smelts in seen] == [
        ["pending", "pending"],
        ["synthesizing", "pending"],
        ["synthesizing", "completed"],
        ["completed", "completed"],
    ]
    assert sum(pauses) == pytest.approx(2 * following.SLOWEST_LOOK)


def test_what_is_heard_is_told_beside_the_smelt(monkeypatch: pytest.MonkeyPatch) -> None:
    file_id = STATES[0].files[0].id
    segment = (
        f'event: segment\ndata: {{"file":"{file_id}","index":0,"start":0,"end":1,"text":"Ann."}}\nid: 1\n\n'
    )
    body = told(STATES[0]) + segment.encode() + told(STATES[2])
    service = Service(STATES[0], STATES[2], stream=lambda _: streamed(body))
    heard: list[tuple[UUID, str]] = []
    seen = followed(monkeypatch, service, lambda *each: heard.append(each))
    assert heard == [(file_id, "Ann.")]
    assert seen.count(STATES[0]) == 2  # once more, so that it is shown
    assert seen[-1] == STATES[2]
