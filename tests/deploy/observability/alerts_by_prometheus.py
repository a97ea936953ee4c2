"""Each alert fires in a real Prometheus once the service is in its condition: `make test-alerts`.

Everything that brings a condition about happens to running processes and their servers; no series is made up.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from db.smelts.control import cancel
from db.smelts.new_smelt import NewSmelt
from pipeline.content.keyring import KeyRing, new_content_key, smelt_context
from tests.deploy.observability import rules
from tests.deploy.observability.scene import Scene, scene
from tests.support.cast import User
from tests.support.engines import Servers
from tests.support.llm_server import STEPS
from tests.support.smelts import admit_all, new_smelt, set_credits
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

WEBHOOKS = 60
DEATHS = 5
seen: set[str] = set()


@pytest.fixture(scope="module")
def stage(servers: Servers, migrated_template: str) -> Iterator[Scene]:
    with scene(servers, migrated_template) as stage:
        with stage.database.service() as conn:
            for user in (stage.cast.ada, stage.cast.bob):
                set_credits(conn, user.id, 100)
        yield stage


@pytest.fixture
def owner(stage: Scene) -> Iterator[psycopg.Cursor]:
    with psycopg.connect(stage.owner_url, autocommit=True) as connection:
        yield connection.cursor()


def fires(stage: Scene, *alerts: str, within: float = 60.0) -> None:
    for alert in alerts:
        stage.fires(alert, within)
        seen.add(alert)


def quiet(stage: Scene, *alerts: str) -> None:
    assert not stage.firing() & set(alerts)


def recordings(stage: Scene, user: User, count: int) -> NewSmelt:
    """A smelt of so many, with a key that the ring opens: a process that starts anew looks."""
    smelt = new_smelt(user.id, audio=count)
    keyring = KeyRing.parse(stage.settings.need("keyring"))
    return replace(smelt, content_key=keyring.wrap(new_content_key(), smelt_context(smelt.id)))


def admit(stage: Scene, *smelts: NewSmelt) -> None:
    with stage.database.service() as conn:
        admit_all(conn, *smelts)


def post(stage: Scene, texts: int) -> None:
    body = {"texts": [f"Ann ships {n}." for n in range(texts)], "default_prompt_names": ["summarize"]}
    with stage.client() as ada:
        ada.post("/v1/smelts", json=body).raise_for_status()


def test_what_can_t_begin_or_reach_its_servers_is_told(stage: Scene) -> None:
    fires(stage, "SmeltProcessesNotReady", "SmeltDatabaseAway", "SmeltRedisAway")
    quiet(stage, "SmeltProcessDown", "SmeltReconcilerSilent", "SmeltHttpErrors", "SmeltQueueOld")


def test_a_queue_without_workers_stands_and_grows_old(stage: Scene, owner: psycopg.Cursor) -> None:
    admit(stage, recordings(stage, stage.cast.ada, 1))
    fires(stage, "SmeltQueueStands")
    quiet(stage, "SmeltQueueOld")
    owner.execute(
        "update smelt_files set updated_at = now() - interval '40 minutes' where status = 'pending'"
    )
    fires(stage, "SmeltQueueOld")


def test_workers_that_fall_silent_are_told(stage: Scene, owner: psycopg.Cursor) -> None:
    quiet(stage, "SmeltRescues")
    smelt = recordings(stage, stage.cast.ada, 10)
    admit(stage, smelt)
    owner.execute(
        "update smelt_files set status = 'processing', attempt = 1, lease_until = now() - interval '1 minute'"
        " where smelt_id = %s",
        [smelt.id],
    )
    fires(stage, "SmeltRescues")


def test_processes_that_die_again_and_again_are_told(stage: Scene) -> None:
    quiet(stage, "SmeltProcessesDie")
    pool = stage.processes["deliver"]
    for _ in range(DEATHS):
        wait_until(pool.children, 30)
        (worker,) = pool.children()
        worker.kill()
        wait_until(lambda worker=worker: worker not in pool.children(), 30)  # type: ignore[misc]
    fires(stage, "SmeltProcessesDie")


def test_webhooks_that_nobody_accepts_are_told(stage: Scene) -> None:
    quiet(stage, "SmeltWebhooksFail")
    smelts = [
        replace(recordings(stage, stage.cast.bob, 1), webhook_url="http://127.0.0.1:1/hook")
        for _ in range(WEBHOOKS)
    ]
    with stage.database.service() as conn:
        admit_all(conn, *smelts)
        for smelt in smelts:
            cancel(conn, smelt.id)
    fires(stage, "SmeltWebhooksFail")


def test_a_language_model_that_fails_and_one_that_is_away_are_told(
    stage: Scene, owner: psycopg.Cursor
) -> None:
    quiet(stage, "SmeltLlmFails", "SmeltWorkFails", "SmeltOutage")
    stage.llm.default = STEPS["die"]
    post(stage, 15)
    fires(stage, "SmeltLlmFails", "SmeltWorkFails")
    quiet(stage, "SmeltOutage")
    stage.llm.leave()
    post(stage, 3)
    fires(stage, "SmeltOutage")
    quiet(stage, "SmeltOutageLasts")
    owner.execute(
        "update smelt_outputs set outage_since = now() - interval '4 hours' where outage_since is not null"
    )
    fires(stage, "SmeltOutageLasts")


def test_posts_beyond_the_cap_are_told(stage: Scene, owner: psycopg.Cursor) -> None:
    quiet(stage, "SmeltCapReached")
    owner.execute("update platform_usage set taken = %s", [stage.settings.platform_daily_cap])
    with stage.client() as ada:
        refused = ada.post("/v1/smelts", json={"texts": ["Ann."], "default_prompt_names": ["summarize"]})
    assert refused.json()["code"] == "busy"
    fires(stage, "SmeltCapReached")


def test_a_lock_that_is_held_is_told_by_what_it_holds_up(stage: Scene, owner: psycopg.Cursor) -> None:
    quiet(
        stage,
        "SmeltReconcilerLate",
        "SmeltContentOverdue",
        "SmeltDatabaseConnectionsShort",
        "SmeltHttpErrors",
    )
    smelt = recordings(stage, stage.cast.ada, 1)
    admit(stage, smelt)
    with psycopg.connect(stage.owner_url) as holder:
        holder.execute("select from smelts where id = %s for update", [smelt.id])
        owner.execute(
            "update smelt_files set status = 'processing', attempt = 1, lease_until = now() - interval '10 minutes'"
            " where smelt_id = %s",
            [smelt.id],
        )
        fires(stage, "SmeltReconcilerLate")
        with stage.client() as ada:
            canceling = threading.Thread(target=ada.post, args=(f"/v1/smelts/{smelt.id}/cancel",))
            canceling.start()
            fires_while_asked(stage, "SmeltDatabaseConnectionsShort", "SmeltHttpErrors")
            canceling.join()
    holder = psycopg.connect(stage.owner_url)
    overdue(owner, smelt.id)
    with holder:
        holder.execute("select from smelts where id = %s for update", [smelt.id])
        fires(stage, "SmeltContentOverdue")


def fires_while_asked(stage: Scene, *alerts: str) -> None:
    """The API's one connection waits for the lock: who asks for another is refused."""
    with stage.client() as ada:
        for _ in range(3):
            ada.get("/v1/profile")
    fires(stage, *alerts)


def overdue(owner: psycopg.Cursor, smelt_id: UUID) -> None:
    owner.execute(
        "update smelts set content_expires_at = now() - interval '1 hour' where id = %s", [smelt_id]
    )


def test_processes_that_are_gone_are_told(stage: Scene) -> None:
    quiet(stage, "SmeltProcessDown", "SmeltReconcilerSilent")
    stage.stop("api")
    fires(stage, "SmeltProcessDown")
    quiet(stage, "SmeltReconcilerSilent")
    stage.stop("reconciler")
    stage.stop("reconciler without Redis")
    fires(stage, "SmeltReconcilerSilent")


def test_each_alert_has_been_seen() -> None:
    assert seen == rules().keys()
