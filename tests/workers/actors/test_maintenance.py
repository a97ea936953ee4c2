"""The scheduled jobs, claimed and run as a worker does."""

import threading

from sqlalchemy import text

from tests.support.cast import Cast
from tests.support.smelts import get_credits, set_credits
from workers.actors.maintenance import maintain
from workers.notifications.queues import ActorName
from workers.reconciler.loop import ensure_schedules
from workers.runner.run import run_next
from workers.services import Services


def run_all(services: Services) -> int:
    runs = 0
    while run_next(services, ActorName.RESET_WEEKLY_CREDITS, maintain, threading.Event()):
        runs += 1
    return runs


def test_the_weekly_reset_fills_what_is_due_once(services: Services, cast: Cast) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 1)
        set_credits(conn, cast.bob.id, 2)
        conn.execute(
            text("update user_profiles set credits_reset_at = now() - interval '1 hour' where user_id = :id"),
            {"id": cast.ada.id},
        )

    ensure_schedules(services)
    assert run_all(services) == 2
    ensure_schedules(services)
    assert run_all(services) == 0

    with services.database.service() as conn:
        assert get_credits(conn, cast.ada.id) == 5
        assert get_credits(conn, cast.bob.id) == 2
        next_reset = conn.execute(
            text(
                "select extract(isodow from credits_reset_at at time zone 'utc'), credits_reset_at > now() "
                "from user_profiles where user_id = :id"
            ),
            {"id": cast.ada.id},
        ).one()
        assert tuple(next_reset) == (1, True)  # a Monday to come


def test_who_becomes_due_after_the_weekly_reset_does_not_wait_a_week(services: Services, cast: Cast) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 0)
    ensure_schedules(services)
    run_all(services)
    with services.database.service() as conn:
        conn.execute(text("update user_profiles set credits_reset_at = now() - interval '1 second'"))

    ensure_schedules(services)
    ensure_schedules(services)
    assert run_all(services) == 1

    with services.database.service() as conn:
        assert get_credits(conn, cast.ada.id) == 5


def test_a_reset_that_runs_again_changes_nothing(services: Services, cast: Cast) -> None:
    with services.database.service() as conn:
        set_credits(conn, cast.ada.id, 1)
    for _ in range(2):
        with services.database.service() as conn:
            conn.execute(text("delete from schedule_runs"))
        ensure_schedules(services)
        assert run_all(services) == 2

    with services.database.service() as conn:
        assert get_credits(conn, cast.ada.id) == 1


def test_every_run_is_recorded_as_completed(services: Services) -> None:
    ensure_schedules(services)
    run_all(services)

    with services.database.service() as conn:
        rows = conn.execute(text("select job, status, attempt from schedule_runs order by job")).all()
    assert [tuple(row) for row in rows] == [
        ("purge_content", "completed", 1),
        ("reset_weekly_credits", "completed", 1),
    ]
