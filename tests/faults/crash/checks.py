"""What must hold once everything has come to rest after a kill, wherever it struck."""

from collections import defaultdict
from uuid import UUID

from tests.faults.chaos.invariants import missing_results
from tests.faults.crash.harness import CREDITS, Harness


def check(harness: Harness, life: str) -> None:
    _check_smelts(harness, life)
    assert missing_results(harness.settings, harness.owner) == 0
    if life not in ("Monday", "delete"):  # what is deleted is charged no less, but can't be counted any more
        _check_charges(harness)
    _check_webhooks(harness)
    if life == "deadline":
        assert harness.owner.execute("select from smelts where content_key is not null").fetchall() == []
    harness.delete_everything()
    assert harness.objects() == [], "objects were left"
    assert harness.owner.execute("select id, tier, status from smelts").fetchall() == [], "rows were left"


def check_monday(harness: Harness, spent: list[UUID], weekly: int) -> None:
    """Everybody was filled once: who has spent a credit since is without it."""
    for user_id, left in harness.owner.execute("select user_id, credits_remaining from user_profiles"):
        assert left == weekly - (user_id in spent), f"{left} of {weekly} credits are left"


def _check_smelts(harness: Harness, life: str) -> None:
    """Every accepted smelt has ended; there is none that nobody was told of."""
    rows = harness.owner.execute("select id, status::text from smelts where user_id is not null").fetchall()
    found = {UUID(str(row[0])) for row in rows}
    assert found == (set() if life == "delete" else harness.accepted)
    assert harness.unfinished() == []
    if life == "deadline":
        assert sorted(str(row[1]) for row in rows) == ["completed", "failed"]


def _check_charges(harness: Harness) -> None:
    """One for each that was completed, or canceled with a result; what else ended is counted."""
    owed = harness.owner.execute(
        """
        select count(*) filter (where status = 'completed' or status = 'canceled' and exists (
                select from smelt_outputs o where o.smelt_id = smelts.id and o.status = 'completed'
            )),
            count(*) filter (where charged_at is not null)
        from smelts where user_id is not null
        """
    ).fetchone()
    paid = harness.owner.execute(
        "select %s - credits_remaining from user_profiles where user_id = %s", [CREDITS, harness.ada.id]
    ).fetchone()
    assert owed is not None
    assert paid is not None
    assert owed[0] == owed[1], f"{owed[0]} to be charged, {owed[1]} charged"
    assert paid[0] == owed[0], f"{paid[0]} credits taken for {owed[0]} smelts"


def _check_webhooks(harness: Harness) -> None:
    """One message for each end, the same bytes under the same id however often it came, and at most twice."""
    rows = harness.owner.execute("select id, status::text from webhook_deliveries").fetchall()
    assert all(row[1] == "completed" for row in rows)
    bodies = defaultdict(list)
    for received in harness.receiver.received:
        bodies[received.headers["webhook-id"]].append(received.body)
    assert bodies.keys() >= {f"msg_{UUID(str(row[0])).hex}" for row in rows}
    for copies in bodies.values():
        assert len(set(copies)) == 1, "one id, two messages"
        assert len(copies) <= 2, "more often than it can have been lost"
