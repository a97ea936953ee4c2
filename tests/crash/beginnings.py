"""What the house makes ready before a life, by the means that the service itself has."""

from uuid import UUID, uuid4

from db.control import cancel
from db.work import FILES, OUTPUTS, claim_next
from tests.crash.house import WEEKLY, House
from tests.crash.posts import NOTE, Context
from workers.reconciler import ensure_schedules


def a_post(house: House) -> Context:
    """Not made yet."""
    return {
        "authorization": f"Bearer {house.ada.token}",
        "key": uuid4().hex,
        "webhook_url": house.receiver.url,
    }


def a_smelt(house: House) -> Context:
    return _posted(house, a_post(house))


def a_combined_smelt(house: House) -> Context:
    return _posted(house, {**a_post(house), "mode": "combine"})


def a_broken_recording(house: House) -> Context:
    return {**a_combined_smelt(house), "broken": "yes"}


def a_webhook(house: House) -> Context:
    """Of a smelt that has ended."""
    context = a_smelt(house)
    house.hands.transcribe()
    house.hands.synthesize()
    return context


def silent_workers(house: House) -> Context:
    """One with its first failure before it, one that has used up all but its last."""
    context = a_smelt(house)
    with house.services.database.service() as conn:
        assert claim_next(conn, FILES, 0) is not None
        assert claim_next(conn, OUTPUTS, 0) is not None
    house.owner.execute("update smelt_files set failures = %s", [house.settings.max_attempts - 1])
    return context


def deadlines(house: House) -> Context:
    """Of a smelt that has ended, of one that hasn't, and of a visitor's."""
    a_smelt(house)
    house.hands.work()
    a_smelt(house)
    with house.api.client() as client:
        answer = client.post("/v1/smelts", json={"texts": [NOTE], "default_prompt_names": ["summarize"]})
    assert answer.status_code == 202, answer.text
    house.owner.execute("update smelts set content_expires_at = now()")
    return {}


def a_monday(house: House) -> Context:
    house.owner.execute(
        "update user_profiles set credits_remaining = 0, weekly_credits_max = %s, credits_reset_at = now()",
        [WEEKLY],
    )
    ensure_schedules(house.services)
    return {}


def a_cancel(house: House) -> Context:
    """With a result already: it is charged."""
    context = a_smelt(house)
    house.hands.synthesize()
    return _asked(context, "POST", "/cancel")


def a_retry(house: House) -> Context:
    context = a_cancel(house)
    with house.services.database.service() as conn:
        cancel(conn, UUID(context["smelt"]))
    return _asked(context, "POST", "/retry")


def a_delete(house: House) -> Context:
    context = a_smelt(house)
    house.hands.transcribe()
    return _asked(context, "DELETE", "")


def _posted(house: House, context: Context) -> Context:
    return {**context, "smelt": str(house.post_again(context))}


def _asked(context: Context, method: str, what: str) -> Context:
    return {**context, "method": method, "path": f"/v1/smelts/{context['smelt']}{what}"}
