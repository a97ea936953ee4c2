"""The lives that are ended at each of their points: what is there before, and what the process does."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pipeline.settings import Settings
from tests.api.conftest import running
from tests.faults.crash import setup
from tests.faults.crash.harness import Harness
from tests.faults.crash.points import Points
from tests.faults.crash.posts import Context, parts
from tests.faults.crash.work import hands
from workers.reconciler.loop import tick
from workers.services import Services


@dataclass(frozen=True)
class Life:
    """`before`: what the harness makes ready. `again`: what the client repeats, having had no answer; None where nobody
    waits for one. It returns the smelt's id, if it is about a new one.
    """

    before: Callable[[Harness], Context]
    live: Callable[[Settings, Points, Context], None]
    again: Callable[[Harness, Context], UUID | None] | None = None


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
    "post": Life(setup.a_post, post, Harness.post_again),
    "separate": Life(setup.a_smelt, work),
    "combine": Life(setup.a_combined_smelt, work),
    "broken": Life(setup.a_broken_recording, work),
    "webhook": Life(setup.a_webhook, deliver),
    "rescue": Life(setup.silent_workers, reconcile),
    "deadline": Life(setup.deadlines, reconcile),
    "Monday": Life(setup.a_monday, maintain),
    "cancel": Life(setup.a_cancel, request, Harness.ask_again),
    "retry": Life(setup.a_retry, request, Harness.ask_again),
    "delete": Life(setup.a_delete, request, Harness.ask_again),
}
