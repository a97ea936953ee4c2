"""A watched folder when something goes wrong: one file's trouble is its own, and no result is lost meanwhile."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from api.openapi.examples import EXAMPLES
from deploy.client import arrivals, watching
from deploy.client.client import Client
from deploy.client.selection import why_not
from deploy.client.submission import SubmitOptions
from deploy.client.watch_state import STATE_FILE, Stamp, Watched, WatchState
from deploy.client.watching import Watcher
from tests.support.full_disk import at_most

ID = EXAMPLES["AcceptedSmelt"]["id"]
ACCEPTED = httpx2.Response(202, json=EXAMPLES["AcceptedSmelt"])
DAY = 86_400
NO_MORE = httpx2.Response(
    429,
    json={"code": "credits_exhausted", "detail": "No credits are left."},
    headers={"Retry-After": str(DAY)},
)


class Service:
    """Answers posts by `post`; its smelts have ended once `ended` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended = False
        self.post: Callable[[str], httpx2.Response] = lambda _: ACCEPTED
        self.results: Callable[[], str] = lambda: "# Result"

    @property
    def posts(self) -> int:
        return self.asked.count("POST")

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.method)
        if request.method == "POST":
            return self.post(request.read().decode(errors="replace"))
        if request.url.path.endswith("/outputs"):
            return httpx2.Response(200, text=self.results())
        ended = {**EXAMPLES["SmeltReply"], "status": "completed" if self.ended else "synthesizing"}
        return httpx2.Response(200, json=ended)


class Watch:
    now = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder, self.service, self.client = folder, Service(), Client("http://smelt", "token")
        self.client._http = httpx2.Client(
            base_url="http://smelt", transport=httpx2.MockTransport(self.service)
        )
        self.said: list[str] = []
        self.told: list[tuple[str, str, str]] = []
        self.restart()

    def restart(self) -> None:
        self.watcher = Watcher(
            self.client,
            self.folder,
            SubmitOptions({}),
            say=self.said.append,
            tell=lambda *event: self.told.append(event),
            clock=lambda: self.now,
        )

    def write(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Ann ships on Friday.")
        return path

    def look(self, after: float = 0.0) -> float:
        self.now += after
        return self.watcher.look()

    def settle(self) -> float:
        self.look()
        return self.look(after=arrivals.SETTLED)

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(event, name) for event, name, _ in self.told]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path)
    with watch.client:
        yield watch


def test_while_nothing_may_be_sent_results_are_collected_all_the_same(watch: Watch) -> None:
    """They expire; a day's limit is as long as they live."""
    watch.write("a.md")
    watch.settle()
    watch.write("b.md")
    watch.service.post = lambda _: NO_MORE
    assert watch.settle() <= watching.LONGEST_PAUSE
    assert watch.said == [
        "No credits are left. (`smelt usage` has the limits) (again in 24 h); tried again in 24 h"
    ]
    posts = watch.service.posts
    watch.service.ended = True
    watch.look(after=60)
    assert watch.events == [("sent", "a.md"), ("done", "a.md")]
    assert watch.service.posts == posts  # it said when to come again
    watch.service.post = lambda _: ACCEPTED
    watch.look(after=DAY)
    assert watch.events[2:] == [("sent", "b.md")]


def test_what_is_finished_comes_before_what_is_new(watch: Watch) -> None:
    watch.write("a.md")
    watch.settle()
    watch.write("b.md")
    watch.look()
    watch.service.ended = True
    watch.service.asked.clear()
    watch.look(after=arrivals.SETTLED)
    assert watch.service.asked == ["GET", "GET", "POST"]


def test_a_folder_of_many_files_keeps_no_result_waiting_until_all_are_sent(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AT_ONCE", 2)
    for number in range(5):
        watch.write(f"{number}.md")
    watch.settle()
    assert watch.service.posts == 2
    watch.look()
    watch.look()
    assert watch.service.posts == 5


def test_a_file_that_is_too_large_ends_alone(watch: Watch) -> None:
    watch.write("a.md")
    watch.write("b.md")
    proxy = httpx2.Response(413, text="<html>")
    watch.service.post = lambda body: proxy if 'filename="a.md"' in body else ACCEPTED
    watch.settle()
    assert watch.events == [("failed", "a.md"), ("sent", "b.md")]
    assert "a proxy before the service" in watch.told[0][2]
    watch.restart()
    watch.settle()
    assert watch.service.posts == 2


def test_a_file_that_went_away_before_it_was_sent_ends_alone(watch: Watch) -> None:
    for name in ("a.md", "b.md", "c.md"):
        watch.write(name)

    def take(body: str) -> httpx2.Response:
        (watch.folder / "b.md").unlink(missing_ok=True)
        return ACCEPTED

    watch.service.post = take
    watch.settle()
    assert watch.events == [("sent", "a.md"), ("failed", "b.md"), ("sent", "c.md")]
    assert "b.md can't be read" in watch.told[1][2]


def test_a_folder_that_went_away_takes_no_result_and_ends_nothing_else(watch: Watch) -> None:
    watch.write("deeper/a.md")
    watch.write("z.md")
    watch.settle()
    watch.service.ended = True

    def give() -> str:
        shutil.rmtree(watch.folder / "deeper", ignore_errors=True)
        return "# Result"

    watch.service.results = give
    watch.look()
    assert watch.events[2:] == [("done", "z.md"), ("failed", "deeper/a.md")]
    assert "can't be written: No such file" in watch.told[3][2]


def test_a_name_that_leaves_no_room_for_its_result_ends_alone(watch: Watch) -> None:
    longest = f"{'a' * 252}.md"
    fits = f"{'b' * 249}.md"
    watch.write(longest)
    watch.write(fits)
    watch.service.ended = True
    watch.settle()
    watch.look()
    assert watch.events[2:] == [("failed", longest), ("done", fits)]
    assert (watch.folder / f"{fits}.md").read_text() == "# Result"


def test_a_full_disk_is_told_with_the_file_that_has_no_room_and_loses_nothing(watch: Watch) -> None:
    watch.write("a.md")
    watch.settle()
    watch.service.ended, watch.service.results = True, lambda: "x" * 20_000
    with at_most(10_000), pytest.raises(OSError, match=r"a\.md\.md"):
        watch.look()
    watch.restart()
    watch.look()
    assert (watch.folder / "a.md.md").read_text() == "x" * 20_000

    watch.write("b.md")
    with at_most(10), pytest.raises(OSError, match=STATE_FILE):
        watch.settle()
    watch.restart()
    watch.settle()
    assert ("sent", "b.md") in watch.events


def test_once_ends_although_a_file_went_away_between_its_note_and_its_post(watch: Watch) -> None:
    state = WatchState(watch.folder)
    state.files["gone.md"] = Watched(stamp=Stamp(size=1, mtime_ns=1))
    state.save()
    watch.restart()
    watch.look()
    assert watch.watcher.idle


def test_once_does_not_end_while_anything_is_left_to_do(watch: Watch) -> None:
    watch.write("a.md")
    watch.look()
    assert not watch.watcher.idle  # it hasn't settled
    watch.look(after=arrivals.SETTLED)
    assert not watch.watcher.idle  # it is at work
    watch.service.ended = True
    watch.look()
    assert watch.watcher.idle


def test_a_name_in_bytes_that_are_no_text_is_known_again(watch: Watch) -> None:
    name = os.fsdecode(b"caf\xe9 100%.md")
    watch.write(name)
    watch.settle()
    watch.restart()
    watch.service.ended = True
    watch.settle()
    watch.restart()
    watch.settle()
    assert watch.events == [("sent", name), ("done", name)]
    assert (watch.folder / f"{name}.md").read_text() == "# Result"


def test_a_file_is_opened_once_however_often_the_folder_is_looked_at(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(path: Path) -> str | None:
        opened.append(path.name)
        return why_not(path)

    monkeypatch.setattr(arrivals, "why_not", counted)
    note, picture = watch.write("a.md"), watch.folder / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    for _ in range(3):
        watch.look()
    assert opened == ["a.md", "picture.png"]
    note.write_text("Bob writes the report.")
    picture.chmod(0o600)  # which its time of change doesn't tell
    watch.look()
    assert sorted(opened[2:]) == ["a.md", "picture.png"]
