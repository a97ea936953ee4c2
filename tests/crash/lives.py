"""The lives that are ended at each of their points: what is there before, and what the process does."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pipeline.settings import Settings
from tests.api.conftest import running
from tests.crash import beginnings
from tests.crash.house import House
from tests.crash.points import Points
from tests.crash.posts import Context, parts
from tests.crash.work import hands
from workers.reconciler import tick
from workers.services import Services


@dataclass(frozen=True)
class Life:
    """`before`: what the house makes ready. `again`: what the client repeats, having had no answer; None where nobody
    waits for one. It returns the smelt's id, if it is about a new one.
    """

    before: Callable[[House], Context]
    live: Callable[[Settings, Points, Context], None]
    again: Callable[[House, Context], UUID | None] | None = None


def post(settings: Settings, points: Points, context: Context) -> None:
    """A client's post, from the first header to the reply."""
    with running(settings) as api, api.client({"Authorization": context["authorization"]}) as client:
        answer = client.post("/v1/smelts", files=parts(context), headers={"Idempotency-Key": context["key"]})
        assert answer.status_code == 202, answer.text
        points.note(f"answer {answer.json()['id']}")


def request(settings: Settings, points: Points, context: Context) -> None:
    """Something that a client asks of a smelt."""
    with running(settings) as api, api.client({"Authorization": context["authorization"]}) as client:
        answer = client.request(context["method"], context["path"])
        assert answer.is_success, answer.text
        points.note("answer")


def work(settings: Settings, _points: Points, context: Context) -> None:
    """A worker, from a recording and a text to results."""
    with hands(settings, broken_recordings="broken" in context) as mine:
        mine.transcribe()
        mine.synthesize()


def deliver(settings: Settings, _points: Points, _context: Context) -> None:
    with hands(settings) as mine:
        assert mine.deliver() == 1


def maintain(settings: Settings, _points: Points, _context: Context) -> None:
    with hands(settings) as mine:
        mine.maintain()


def reconcile(settings: Settings, _points: Points, _context: Context) -> None:
    services = Services.open(settings, connections=2)
    tick(services)
    services.close()


LIVES = {
    "post": Life(beginnings.a_post, post, House.post_again),
    "separate": Life(beginnings.a_smelt, work),
    "combine": Life(beginnings.a_combined_smelt, work),
    "broken": Life(beginnings.a_broken_recording, work),
    "webhook": Life(beginnings.a_webhook, deliver),
    "rescue": Life(beginnings.silent_workers, reconcile),
    "deadline": Life(beginnings.deadlines, reconcile),
    "Monday": Life(beginnings.a_monday, maintain),
    "cancel": Life(beginnings.a_cancel, request, House.ask_again),
    "retry": Life(beginnings.a_retry, request, House.ask_again),
    "delete": Life(beginnings.a_delete, request, House.ask_again),
}
