"""Metadata past its time goes: users' smelts that ended long ago, and the record of what operators did then."""

from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt, set_credits
from workers.reconciler import purge
from workers.reconciler.loop import tick
from workers.reconciler.purge import forget_metadata
from workers.services import Services

DAYS = 40
# Days since its end, whether its content is deleted, and how far its webhook is
GOES = {"old": (41, True, None), "old, webhook sent": (41, True, "completed")}
STAYS = {
    "younger": (39, True, None),
    "with content": (41, False, None),
    "webhook to be sent": (41, True, "waiting"),
    "unfinished": (None, False, None),
}


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, settings=services.settings.model_copy(update={"metadata_days": DAYS}))


def ended(services: Services, user: UUID, days: int | None, gone: bool, webhook: str | None) -> UUID:
    """A smelt with a recording, and an output for it."""
    smelt = new_smelt(user, audio=1)
    values = {"id": smelt.id, "user": user, "days": days, "gone": gone, "webhook": webhook}
    with services.database.service() as conn:
        admit_all(conn, smelt)
        if days is not None:
            conn.execute(
                text(
                    """
                    update smelts set status = 'completed', finished_at = now() - make_interval(days => :days),
                        content_key = case when not :gone then content_key end,
                        content_deleted_at = case when :gone then now() end
                    where id = :id
                    """
                ),
                values,
            )
        if webhook is not None:
            conn.execute(
                text(
                    """
                    insert into webhook_deliveries (id, user_id, smelt_id, event, smelt_version, status, finished_at)
                    values (gen_random_uuid(), :user, :id, 'smelt.completed', 1, cast(:webhook as work_status),
                        case when :webhook = 'completed' then now() end)
                    """
                ),
                values,
            )
    return smelt.id


def left(services: Services, column: str = "id", table: str = "smelts") -> set[UUID]:
    with services.database.service() as conn:
        return set(conn.execute(text(f"select {column} from {table}")).scalars())


def test_only_what_ended_long_ago_and_is_done_with_goes(services: Services, cast: Cast) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
    made = {name: ended(services, cast.ada.id, *how) for name, how in (GOES | STAYS).items()}

    assert tick(services)["forget_metadata"] == len(GOES)

    stays = {made[name] for name in STAYS}
    assert left(services) == stays
    assert left(services, "smelt_id", "smelt_files") == left(services, "smelt_id", "smelt_outputs") == stays
    assert left(services, "smelt_id", "webhook_deliveries") == {made["webhook to be sent"]}
    assert forget_metadata(services) == 0


def test_it_goes_in_batches_and_what_is_locked_later(
    services: Services, cast: Cast, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "BATCH", 2)
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
    oldest, *others = [ended(services, cast.ada.id, days, True, None) for days in (90, 80, 70, 60)]
    with psycopg.connect(owner_url) as other, other.transaction():
        other.execute("select from smelts where id = %s for update", [oldest])
        assert forget_metadata(services) == 2
        assert left(services) == {oldest, others[2]}
    assert forget_metadata(services) == 2


def test_for_ever_is_for_ever(services: Services, cast: Cast) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 100)
    kept = ended(services, cast.ada.id, 4_000, True, None)
    for_ever = replace(services, settings=services.settings.model_copy(update={"metadata_days": 0}))
    assert forget_metadata(for_ever) == 0
    assert left(services) == {kept}


ACTION = """
    insert into admin_actions (id, operator, host, command, created_at)
    select gen_random_uuid(), 'ada', 'here', days::text, now() - make_interval(days => days)
    from unnest(cast(:days as integer[])) days
"""


@pytest.mark.parametrize(("kept_days", "stays"), [(40, {"31", "39"}), (1, {"29"})])
def test_acts_of_operators_are_recorded_for_a_month_at_least(
    services: Services, kept_days: int, stays: set[str]
) -> None:
    with services.database.service() as conn:
        conn.execute(text(ACTION), {"days": [29, 31, 39, 41] if kept_days == 1 else [31, 39, 41]})
    settings = services.settings.model_copy(update={"metadata_days": kept_days})
    forget_metadata(replace(services, settings=settings))
    assert left(services, "command", "admin_actions") == stays


def test_the_service_can_delete_no_act_of_the_last_month(services: Services) -> None:
    with services.database.service() as conn:
        conn.execute(text(ACTION), {"days": [29, 31]})
        assert conn.execute(text("delete from admin_actions")).rowcount == 1
    with pytest.raises(ProgrammingError, match="permission denied"), services.database.service() as conn:
        conn.execute(text("update admin_actions set created_at = '2000-01-01'"))
