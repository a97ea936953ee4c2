"""Queues are seen, paused, resumed and drained; each act is recorded."""

import redis as redis_library
from sqlalchemy import text

from db.session import Database
from db.work.claims import claim_next
from db.work.files import FILES
from db.work.parts import try_again
from pipeline.retry import TryAgain
from pipeline.states import WaitingFor
from tests.deploy.cli.admin.conftest import Admin, objects
from tests.support.cast import Cast
from tests.support.smelts import admit_all, new_smelt


def test_a_queue_is_paused_and_resumed(
    admin: Admin, database: Database, rich: Cast, redis_url: str, redis_namespace: str
) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(rich.ada.id, audio=1))
    assert admin("pause", "--queue", "transcribe").exit_code == 0
    with database.service() as conn:
        assert claim_next(conn, FILES, 60) is None
    again = admin("pause", "--queue", "transcribe")
    assert (again.exit_code, "already" in again.stderr) == (1, True)
    seen = {one["queue"]: one for one in objects(admin("queues", "--json"))}
    assert seen["transcribe"]["paused_at"] is not None
    assert seen["transcribe"]["ready"] == 1
    assert seen["synthesize"]["paused_at"] is None

    assert admin("resume", "--queue", "transcribe").exit_code == 0
    notified = redis_library.Redis.from_url(redis_url).llen(f"{redis_namespace}:transcribe")
    assert notified == 1
    with database.service() as conn:
        assert claim_next(conn, FILES, 60) is not None
    assert admin("resume", "--queue", "transcribe").exit_code == 1


def test_a_tenant_is_paused_and_resumed(admin: Admin, database: Database, rich: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(rich.ada.id, audio=2, texts=1))
    paused = admin("pause", "--tenant", rich.ada.id)
    assert (paused.exit_code, "1 smelts and webhooks" in paused.stderr) == (0, True)
    *queues, tenant = objects(admin("queues", "--json"))
    assert tenant["tenant"] == f"user:{rich.ada.id}"
    assert {one["queue"]: (one["ready"], one["held"]) for one in queues} == {
        "transcribe": (0, 2),
        "synthesize": (0, 1),
        "deliver": (0, 0),
        "maintenance": (0, 0),
    }
    assert str(rich.ada.id) in admin("queues").stdout
    assert admin("resume", "--tenant", rich.ada.id).exit_code == 0
    assert [one["ready"] for one in objects(admin("queues", "--json"))] == [2, 1, 0, 0]


def test_draining_waits_for_what_runs(admin: Admin, database: Database, rich: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(rich.ada.id, audio=1))
        running = claim_next(conn, FILES, 60)
    assert running is not None
    late = admin("drain", "--queue", "transcribe", "--within", "0")
    assert (late.exit_code, "1 running even after 0 s" in late.stderr) == (1, True)
    assert admin("drain", "--tenant", rich.bob.id).exit_code == 0
    with database.service() as conn:
        try_again(conn, FILES, running, TryAgain(0.0, counts=False))
    done = admin("drain", "--queue", "transcribe")
    assert (done.exit_code, "nothing of transcribe runs" in done.stderr) == (0, True)
    with database.service() as conn:
        assert claim_next(conn, FILES, 60) is None


def test_each_act_says_who_did_what(admin: Admin, rich: Cast, owner_url: str, database: Database) -> None:
    admin("pause", "--tenant", rich.ada.id, "--as", "Grace")
    admin("resume", "--queue", "deliver")
    newest, first = objects(admin("actions", "--json"))
    assert (first["operator"], first["command"], first["tenant"], first["count"]) == (
        "Grace",
        "pause",
        f"user:{rich.ada.id}",
        1,
    )
    assert (newest["command"], newest["filter"], newest["count"]) == ("resume", {"queue": "deliver"}, 0)
    assert first["login"] == "smelt_app"
    assert newest["operator"] != "Grace"
    assert newest["host"]
    with database.service() as conn:
        conn.execute(text("select smelt_meta.delete_user(:id)"), {"id": rich.ada.id})
    assert [one["tenant"] for one in objects(admin("actions", "--json"))] == [None, None]


def test_a_login_without_the_rights_is_told_so(admin: Admin, owner_url: str, rich: Cast) -> None:
    _, _, server = owner_url.rpartition("@")
    refused = admin("queues", DATABASE_URL=f"postgresql://smelt_monitor@{server}")
    assert refused.exit_code == 78
    assert "may not act for the service" in refused.stderr
    assert "smelt_app" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_what_is_not_migrated_or_not_there_is_told(admin: Admin, empty_database_url: str) -> None:
    bare = admin("queues", DATABASE_URL=empty_database_url)
    assert (bare.exit_code, "smelt migrate" in bare.stderr) == (78, True)
    away = admin("queues", DATABASE_URL="postgresql://smelt_app@127.0.0.1:1/smelt")
    assert (away.exit_code, "can't be reached" in away.stderr) == (78, True)


def test_outages_are_seen(admin: Admin, database: Database, rich: Cast) -> None:
    with database.service() as conn:
        admit_all(conn, new_smelt(rich.ada.id, audio=1))
        claim = claim_next(conn, FILES, 60)
        assert claim is not None
        again = TryAgain(60.0, counts=False, waiting_for=WaitingFor.CONTENT_STORE)
        try_again(conn, FILES, claim, again)
        conn.execute(text("update smelt_files set outage_since = now() - interval '3 hours'"))
    first = objects(admin("queues", "--json"))[0]
    assert first["due_later"] == 1
    assert first["outages"]["content_store"]["parts"] == 1
    assert "transcribe\tcontent_store\t1\t3h\n" in admin("queues").stdout
    assert "3h" in admin("top").stdout


def test_the_live_view_is_printed_once_in_a_pipe(admin: Admin, rich: Cast) -> None:
    shown = admin("top")
    assert shown.exit_code == 0
    assert shown.stdout.count("transcribe") == 1
