"""What must hold once everything has come to rest after a kill, wherever it struck."""

from collections import defaultdict
from uuid import UUID

from tests.chaos.invariants import missing_results
from tests.crash.house import CREDITS, House


def check(house: House, life: str) -> None:
    _check_smelts(house, life)
    assert missing_results(house.settings, house.owner) == 0
    if life not in ("Monday", "delete"):  # what is deleted is charged no less, but can't be counted any more
        _check_charges(house)
    _check_webhooks(house)
    if life == "deadline":
        assert house.owner.execute("select from smelts where content_key is not null").fetchall() == []
    house.delete_everything()
    assert house.objects() == [], "objects were left"
    assert house.owner.execute("select id, tier, status from smelts").fetchall() == [], "rows were left"


def check_monday(house: House, spent: list[UUID], weekly: int) -> None:
    """Everybody was filled once: who has spent a credit since is without it."""
    for user_id, left in house.owner.execute("select user_id, credits_remaining from user_profiles"):
        assert left == weekly - (user_id in spent), f"{left} of {weekly} credits are left"


def _check_smelts(house: House, life: str) -> None:
    """Every accepted smelt has ended; there is none that nobody was told of."""
    rows = house.owner.execute("select id, status::text from smelts where user_id is not null").fetchall()
    found = {UUID(str(row[0])) for row in rows}
    assert found == (set() if life == "delete" else house.accepted)
    assert house.unfinished() == []
    if life == "deadline":
        assert sorted(str(row[1]) for row in rows) == ["completed", "failed"]


def _check_charges(house: House) -> None:
    """One for each that was completed, or canceled with a result; what else ended is counted."""
    owed = house.owner.execute(
        """
        select count(*) filter (where status = 'completed' or status = 'canceled' and exists (
                select from smelt_outputs o where o.smelt_id = smelts.id and o.status = 'completed'
            )),
            count(*) filter (where charged_at is not null)
        from smelts where user_id is not null
        """
    ).fetchone()
    paid = house.owner.execute(
        "select %s - credits_remaining from user_profiles where user_id = %s", [CREDITS, house.ada.id]
    ).fetchone()
    assert owed is not None
    assert paid is not None
    assert owed[0] == owed[1], f"{owed[0]} to be charged, {owed[1]} charged"
    assert paid[0] == owed[0], f"{paid[0]} credits taken for {owed[0]} smelts"


def _check_webhooks(house: House) -> None:
    """One message for each end, the same bytes under the same id however often it came, and at most twice."""
    rows = house.owner.execute("select id, status::text from webhook_deliveries").fetchall()
    assert all(row[1] == "completed" for row in rows)
    bodies = defaultdict(list)
    for received in house.receiver.received:
        bodies[received.headers["webhook-id"]].append(received.body)
    assert bodies.keys() >= {f"msg_{UUID(str(row[0])).hex}" for row in rows}
    for copies in bodies.values():
        assert len(set(copies)) == 1, "one id, two messages"
        assert len(copies) <= 2, "more often than it can have been lost"
