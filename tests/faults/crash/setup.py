"""What the harness makes ready before a life, by the means that the service itself has."""

from uuid import UUID, uuid4

from db.smelts.control import cancel
from db.work.claims import claim_next
from db.work.files import FILES
from db.work.outputs import OUTPUTS
from tests.faults.crash.harness import WEEKLY, Harness
from tests.faults.crash.posts import NOTE, Context
from workers.reconciler.loop import ensure_schedules


def a_post(harness: Harness) -> Context:
    """Not made yet."""
    return {
        "authorization": f"Bearer {harness.ada.token}",
        "key": uuid4().hex,
        "webhook_url": harness.receiver.url,
    }


def a_smelt(harness: Harness) -> Context:
    return _posted(harness, a_post(harness))


def a_combined_smelt(harness: Harness) -> Context:
    return _posted(harness, {**a_post(harness), "mode": "combine"})


def a_broken_recording(harness: Harness) -> Context:
    return {**a_combined_smelt(harness), "broken": "yes"}


def a_webhook(harness: Harness) -> Context:
    """Of a smelt that has ended."""
    context = a_smelt(harness)
    harness.hands.transcribe()
    harness.hands.synthesize()
    return context


def silent_workers(harness: Harness) -> Context:
    """One with its first failure before it, one that has used up all but its last."""
    context = a_smelt(harness)
    with harness.services.database.service() as conn:
        assert claim_next(conn, FILES, 0) is not None
        assert claim_next(conn, OUTPUTS, 0) is not None
    harness.owner.execute("update smelt_files set failures = %s", [harness.settings.max_attempts - 1])
    return context


def deadlines(harness: Harness) -> Context:
    """Of a smelt that has ended, of one that hasn't, and of a visitor's."""
    a_smelt(harness)
    harness.hands.work()
    a_smelt(harness)
    with harness.api.client() as client:
        answer = client.post("/v1/smelts", json={"texts": [NOTE], "default_prompt_names": ["summarize"]})
    assert answer.status_code == 202, answer.text
    harness.owner.execute("update smelts set content_expires_at = now()")
    return {}


def a_monday(harness: Harness) -> Context:
    harness.owner.execute(
        "update user_profiles set credits_remaining = 0, weekly_credits_max = %s, credits_reset_at = now()",
        [WEEKLY],
    )
    ensure_schedules(harness.services)
    return {}


def a_cancel(harness: Harness) -> Context:
    """With a result already: it is charged."""
    context = a_smelt(harness)
    harness.hands.synthesize()
    return _asked(context, "POST", "/cancel")


def a_retry(harness: Harness) -> Context:
    context = a_cancel(harness)
    with harness.services.database.service() as conn:
        cancel(conn, UUID(context["smelt"]))
    return _asked(context, "POST", "/retry")


def a_delete(harness: Harness) -> Context:
    context = a_smelt(harness)
    harness.hands.transcribe()
    return _asked(context, "DELETE", "")


def _posted(harness: Harness, context: Context) -> Context:
    return {**context, "smelt": str(harness.post_again(context))}


def _asked(context: Context, method: str, what: str) -> Context:
    return {**context, "method": method, "path": f"/v1/smelts/{context['smelt']}{what}"}
