"""A watched folder: each file is sent once, however often the watcher dies, and nothing there is overwritten."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.client import arrivals, watching
from deploy.client.client import Client
from deploy.client.submission import SubmitOptions
from deploy.client.watch_state import STATE_FILE, WatchState, alone
from deploy.client.watching import Watcher
from deploy.local_users import ensure_local_user, mint
from smelt_client import Misused, Refused, attempts
from smelt_client.models import AcceptedSmelt
from tests.deploy.client.conftest import Invoke
from tests.support.running import RunningService
from tests.support.secrets import JWT_SECRET
from tests.support.waiting import wait_until

TEXT = "Ann ships on Friday. Bob writes the report."
OPTIONS = SubmitOptions({}, "summarize")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Watch:
    """Watchers of one folder, one after the other, whose clock and looks are the test's."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self.folder, self.clock = client, folder, Clock()
        self.told: list[tuple[str, str, str]] = []
        self.said: list[str] = []
        self.restart()

    def restart(self, submit_options: SubmitOptions = OPTIONS) -> None:
        self.watcher = Watcher(
            self.client,
            self.folder,
            submit_options,
            say=self.said.append,
            tell=lambda *event: self.told.append(event),
            clock=self.clock,
        )

    def look(self, after: float = 0.0) -> float:
        self.clock.now += after
        return self.watcher.look()

    def until_idle(self) -> None:
        self.look()
        self.look(after=arrivals.SETTLED)

        def idle() -> bool:
            self.look()
            return self.watcher.idle

        wait_until(idle, 30)

    @property
    def sent(self) -> int:
        return len(list(self.client.list(100)))

    def write(self, name: str, text: str = TEXT) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def watch(service: RunningService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(attempts, "FIRST_DELAY", 0.0)
    email = f"frank-{uuid4()}@example.org"
    user = ensure_local_user(service.service.owner_url, email)
    with Client(
        service.service.address, mint(JWT_SECRET, service.settings.jwt_audience, user, email)
    ) as client:
        yield Watch(client, tmp_path)


def test_a_file_is_sent_once_it_has_settled_and_its_result_is_written_beside_it(watch: Watch) -> None:
    path = watch.write("deeper/note.txt")
    watch.look()
    watch.look(after=arrivals.SETTLED / 2)
    path.write_text(TEXT * 2)  # somebody is still at it
    watch.look(after=arrivals.SETTLED / 2)
    watch.look(after=arrivals.SETTLED / 2)
    assert watch.sent == 0
    watch.until_idle()
    assert [event for event, *_ in watch.told] == ["sent", "done"]
    assert watch.told[1] == ("done", "deeper/note.txt", "note.txt.md")
    assert "Ann ships" in (watch.folder / "deeper" / "note.txt.md").read_text()
    watch.until_idle()  # neither again, nor its result
    assert watch.sent == 1


def test_a_restart_goes_on_from_there(watch: Watch) -> None:
    watch.write("note.txt")
    watch.look()
    watch.look(after=arrivals.SETTLED)
    watch.restart()
    watch.until_idle()
    assert [event for event, *_ in watch.told] == ["sent", "done"]
    watch.restart()
    watch.until_idle()
    assert (len(watch.told), watch.sent) == (2, 1)


class Died(Exception):
    """As by SIGKILL."""


def dies(at: int, of: Callable[[WatchState], None]) -> Callable[[WatchState], None]:
    """At the end of so many calls, and whatever it wrote stays unwritten."""
    calls = 0

    def call(state: WatchState) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Died
        of(state)

    return call


def test_dying_between_the_post_and_its_note_posts_nothing_twice(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first post is refused for want of a prompt, the second taken in: both are found again by their keys."""
    watch.write("note.txt")
    watch.look()
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save", dies(2, WatchState.save))
        with pytest.raises(Died):
            watch.look(after=arrivals.SETTLED)
    assert watch.sent == 1
    watch.restart()
    watch.until_idle()
    assert watch.sent == 1
    assert (watch.folder / "note.txt.md").exists()


def test_dying_between_the_result_and_its_note_writes_it_once(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.write("note.txt")
    watch.look()
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save", dies(4, WatchState.save))
        with pytest.raises(Died):
            watch.until_idle()
    assert (watch.folder / "note.txt.md").exists()
    watch.restart()
    watch.until_idle()
    assert {path.name for path in watch.folder.iterdir()} == {"note.txt", "note.txt.md", STATE_FILE}


def test_nothing_there_is_overwritten_and_a_changed_file_is_another(watch: Watch) -> None:
    mine = watch.write("note.txt.md", "Carol keeps this. It is theirs.")
    path = watch.write("note.txt")
    watch.until_idle()
    assert mine.read_text() == "Carol keeps this. It is theirs."
    assert "Ann ships" in (watch.folder / "note.txt (2).md").read_text()
    path.write_text("Dora sails on Monday. Emil stays at home.")
    watch.until_idle()
    assert "Dora sails" in (watch.folder / "note.txt (3).md").read_text()
    assert watch.sent == 3  # Carol's own note too


def test_what_is_no_input_is_told_once_and_left_alone(watch: Watch) -> None:
    (watch.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (watch.folder / "odd").write_bytes(b"OTTO\0\xff\xfe\0\x9f\x01")
    watch.write(".hidden")
    watch.until_idle()
    watch.restart()
    watch.until_idle()
    assert [(event, name) for event, name, _ in watch.told] == [("failed", "odd")]
    assert set(watch.said) == {f"skipped: {watch.folder / 'picture.png'}: an image"}


def test_while_the_service_is_away_it_waits_and_loses_nothing(watch: Watch, tmp_path: Path) -> None:
    served = watch.client
    with Client("http://127.0.0.1:1", "token") as away:
        watch.client = away
        watch.restart()
        watch.write("note.txt")
        watch.look()
        pauses = [watch.look(after=arrivals.SETTLED), watch.look(), watch.look()]
    assert pauses == [2.0, 4.0, 8.0]
    assert "can't be reached" in watch.said[0]
    watch.client = served
    watch.restart()
    watch.until_idle()
    assert watch.sent == 1


def test_what_the_service_has_not_answered_is_tried_again(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The post came through, its answer didn't: the same key makes it the same smelt."""
    submit = Client.submit

    def lost(client: Client, *arguments: object, **more: object) -> AcceptedSmelt:
        submit(client, *arguments, **more)  # type: ignore[arg-type]
        raise Died

    watch.write("note.txt")
    watch.look()
    with monkeypatch.context() as patch:
        patch.setattr(Client, "submit", lost)
        with pytest.raises(Died):
            watch.look(after=arrivals.SETTLED)
    watch.restart()
    watch.until_idle()
    assert watch.sent == 1


def test_a_watcher_that_died_with_other_options_does_not_stop_this_one(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.restart(SubmitOptions({"prompts": ["summarize"]}))
    watch.write("note.txt")
    watch.look()
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save", dies(2, WatchState.save))
        with pytest.raises(Died):
            watch.look(after=arrivals.SETTLED)
    watch.restart(SubmitOptions({"prompts": ["action_items"]}))
    watch.until_idle()
    assert watch.told[-1] == ("done", "note.txt", "note.txt.md")


def test_a_token_that_has_expired_is_replaced_by_the_one_that_is_noted_now(watch: Watch) -> None:
    good = watch.client._http.headers["Authorization"].removeprefix("Bearer ")
    watch.write("note.txt")
    watch.look()
    watch.client.use_token("expired")
    with pytest.raises(Refused):
        watch.look(after=arrivals.SETTLED)
    watch.watcher._renew = lambda: watch.client.use_token(good)
    watch.until_idle()
    assert watch.sent == 1


def test_one_watcher_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(Misused, match="another"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_state_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_text("{")
    with pytest.raises(Misused, match="can't be read"):
        WatchState(tmp_path)


def test_the_command_ends_when_all_is_done_or_by_ctrl_c(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SETTLED", 0.0)
    monkeypatch.setattr(watching, "LOOK", 0.1)
    (tmp_path / "note.txt").write_text(TEXT)
    answer = invoke("watch", tmp_path, "--once", "--prompt", "action_items")
    assert answer.exit_code == 0, answer.output
    assert [line.split("\t")[:2] for line in answer.stdout.splitlines()] == [
        ["sent", "note.txt"],
        ["done", "note.txt"],
    ]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Watcher, "look", interrupted)
    answer = invoke("watch", tmp_path)
    assert (answer.exit_code, "fetched at the next start" in answer.stderr) == (0, True)
    assert invoke("watch", tmp_path, SMELT_TOKEN="").exit_code == 2
    assert invoke("watch", tmp_path / "none").exit_code == 2
