"""Work is listed, looked into, retried and canceled, by ids and by what is known of it."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from db.admin.actions import list_actions
from db.session import Database
from db.smelts import control
from db.smelts.content_keys import destroy_key
from db.smelts.reads import get_smelt
from db.work.claims import claim_next, fail
from db.work.files import FILES, fail_file
from db.work.presence import InHand, Worker, tell_presence
from db.work.webhooks import DELIVERIES
from pipeline.states import ErrorCode, SmeltStatus
from tests.deploy.cli.admin.conftest import Admin, objects
from tests.support.cast import Cast
from tests.support.smelts import admit_all, get_credits, new_smelt


@pytest.fixture
def failed(database: Database, rich: Cast) -> list[UUID]:
    """Two smelts of Ada's and one of Bob's, whose one recording has failed; the last of no speech."""
    smelts = [new_smelt(user, audio=1) for user in (rich.ada.id, rich.ada.id, rich.bob.id)]
    for smelt, code in zip(smelts, ("worker_lost", "worker_lost", "no_speech"), strict=True):
        with database.service() as conn:
            admit_all(conn, smelt)
            claim = claim_next(conn, FILES, 60)
            assert claim is not None
            fail_file(conn, claim, ErrorCode(code))
    return [smelt.id for smelt in smelts]


def status(database: Database, smelt_id: UUID) -> SmeltStatus:
    with database.service() as conn:
        smelt = get_smelt(conn, smelt_id)
    assert smelt is not None
    return smelt.status


def test_work_is_listed_by_what_is_known_of_it(admin: Admin, failed: list[UUID], rich: Cast) -> None:
    def listed(*options: object) -> list[str]:
        found = objects(admin("list", "--queue", "transcribe", *options, "--json"))
        return [one["smelt_id"] for one in found]

    first, second, third = map(str, failed)
    assert listed() == [third, second, first]
    assert listed("--limit", 1) == [third]
    assert listed("--code", "no_speech") == [third]
    assert listed("--tenant", rich.ada.id, "--state", "failed") == [second, first]
    assert listed("--state", "pending", "--state", "held") == []
    assert listed("--before", "1h") == []
    assert len(listed("--after", "1h")) == 3
    shown = admin("list", "--queue", "transcribe")
    assert (shown.exit_code, shown.stdout.count("worker_lost")) == (0, 2)
    assert admin("list", "--queue", "maintenance", "--tenant", rich.ada.id).stdout == ""


def test_a_smelt_is_looked_into_without_its_names(
    admin: Admin, failed: list[UUID], database: Database
) -> None:
    with database.service() as conn:
        conn.execute(text("update smelts set webhook_url = 'https://hooks.example.org/secret'"))
        part = conn.execute(
            text("select id from smelt_files where smelt_id = :id"), {"id": failed[0]}
        ).scalar_one()
    [found] = objects(admin("inspect", part, "--json"))
    assert found["smelt"]["id"] == str(failed[0])
    assert found["smelt"]["has_webhook"] is True
    assert [(one["id"], one["error_code"], one["attempt"]) for one in found["files"]] == [
        (str(part), "worker_lost", 1)
    ]
    shown = admin("inspect", failed[0]).stdout
    assert "worker_lost" in shown
    for hidden in ("0.wav", "hooks.example.org", "wrapped"):
        assert hidden not in shown
        assert hidden not in str(found)
    assert admin("inspect", uuid4()).exit_code == 1


def test_what_failed_of_a_code_is_retried(
    admin: Admin, failed: list[UUID], database: Database, rich: Cast
) -> None:
    chosen = ("retry", "--queue", "transcribe", "--code", "worker_lost")
    asked = admin(*chosen)
    assert (asked.exit_code, "retry 2 smelts?" in asked.stderr) == (2, True)
    assert {status(database, smelt_id) for smelt_id in failed} == {SmeltStatus.FAILED}

    done = admin(*chosen, "--yes", "--json")
    assert objects(done) == [{"command": "retry", "done": 2, "refused": {}}]
    assert [status(database, smelt_id) for smelt_id in failed] == ["pending", "pending", "failed"]
    with database.service() as conn:
        assert get_credits(conn, rich.ada.id) == 5
        [act] = list_actions(conn, 9)
    assert (act.command, act.count) == ("retry", 2)
    assert act.filter == {"queue": "transcribe", "states": ["failed"], "code": "worker_lost"}
    assert admin("retry", "--queue", "transcribe", "--code", "timed_out", "--yes").exit_code == 1


def test_what_is_refused_keeps_the_others_from_nothing(
    admin: Admin, failed: list[UUID], database: Database, rich: Cast
) -> None:
    """The content of one is gone, Bob has no credits left, and one isn't there: by the codes that owners get."""
    with database.service() as conn:
        destroy_key(conn, failed[0])
        conn.execute(
            text("update user_profiles set credits_remaining = 0 where user_id = :id"), {"id": rich.bob.id}
        )
    done = admin("retry", *failed, uuid4(), "--json")
    assert done.exit_code == 1
    assert objects(done) == [
        {
            "command": "retry",
            "done": 1,
            "refused": {"content_expired": 1, "credits_exhausted": 1, "not_found": 1},
        }
    ]
    with database.service() as conn:
        [act] = list_actions(conn, 9)
    assert act.count == 1


def test_unfinished_smelts_of_a_tenant_are_canceled(
    admin: Admin, failed: list[UUID], database: Database, rich: Cast
) -> None:
    mine, others = new_smelt(rich.ada.id, audio=2), new_smelt(rich.bob.id, audio=1)
    with database.service() as conn:
        admit_all(conn, mine, others)
    done = admin("cancel", "--queue", "transcribe", "--tenant", rich.ada.id, "--yes")
    assert (done.exit_code, "1 of 1 smelts" in done.stderr) == (0, True)
    assert status(database, mine.id) is SmeltStatus.CANCELED
    assert status(database, others.id) is SmeltStatus.PENDING
    again = admin("cancel", mine.id)
    assert (again.exit_code, "already_ended" in again.stderr) == (1, True)


def test_webhooks_are_sent_once_more(admin: Admin, database: Database, rich: Cast) -> None:
    smelt = new_smelt(rich.ada.id, texts=1)
    with database.service() as conn:
        admit_all(conn, smelt)
        conn.execute(text("update smelts set webhook_url = 'https://example.org'"))
        control.cancel(conn, smelt.id)
        claim = claim_next(conn, DELIVERIES, 60)
        assert claim is not None
        fail(conn, DELIVERIES, claim, ErrorCode.DELIVERY_FAILED)
    done = admin("retry", "--queue", "deliver", "--code", "delivery_failed", "--yes")
    assert (done.exit_code, "1 of 1 webhooks" in done.stderr) == (0, True)
    with database.service() as conn:
        assert claim_next(conn, DELIVERIES, 60) is not None


def test_leases_and_workers_say_who_runs_what(admin: Admin, database: Database, rich: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(rich.ada.id, audio=1))
        claim = claim_next(conn, FILES, 60)
        assert claim is not None
        tell_presence(conn, Worker(uuid4(), "host-a", 7, "transcribe"), [InHand(claim.id, 10_800.0)])
        tell_presence(conn, Worker(uuid4(), "host-b", 8, "synthesize"), [])
        conn.execute(text("update workers set seen_at = now() - interval '30 minutes' where host = 'host-b'"))
    silent, busy = objects(admin("workers", "--json"))
    assert [(one["host"], one["alive"]) for one in (silent, busy)] == [("host-b", False), ("host-a", True)]
    assert [one["id"] for one in busy["running"]] == [str(claim.id)]
    shown = admin("workers").stdout
    assert f"{claim.id}\t3h\thost-a 7\n" in shown
    assert "silent for 30m" in shown
    [lease] = objects(admin("leases", "--json"))
    assert (lease["id"], lease["worker"], lease["queue"]) == (str(claim.id), "host-a 7", "transcribe")
    assert 0 < lease["seconds_left"] <= 60
    assert "host-a 7" in admin("leases").stdout
