"""A pool says on one port what its processes have counted, and goes on counting over their deaths."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from db.session import Database
from db.work import schedules
from deploy.supervisor.environment import child_environment
from deploy.supervisor.pool_metrics import PoolMetrics
from pipeline.checks import NotReady
from pipeline.settings import Settings
from tests.support.scraping import Scrape, answers, ask, free_port, scrape
from tests.support.waiting import wait_until
from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.queues import ActorName


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def pool(settings: Settings, port: int) -> Iterator[psutil.Process]:
    """`smelt worker maintenance`, with its metrics on `port`."""
    environment = child_environment(settings.model_copy(update={"metrics_port": port}))
    process = subprocess.Popen(["smelt", "worker", "maintenance"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port, "/healthz", 200), 60)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def run_schedules(settings: Settings, database: Database) -> None:
    with database.service() as conn:
        schedules.ensure_runs(conn)
    notifier = QueueNotifier(settings.need("redis_url"), settings.redis_namespace)
    notifier.notify(ActorName.PURGE_CONTENT, 2)
    notifier.close()


def done(scraped: Scrape) -> float:
    return scraped.of("smelt_work_attempts_total", queue="maintenance", outcome="done", code="")


def test_what_processes_count_is_scraped_and_outlives_them(
    settings: Settings, database: Database, pool: psutil.Process, port: int
) -> None:
    wait_until(lambda: answers(port, "/readyz", 200), 60)
    assert done(scrape(port)) == 0  # the series is there before the first: its rise can be seen
    run_schedules(settings, database)
    wait_until(lambda: done(scrape(port)) == 2)

    before = scrape(port)
    assert before.of("smelt_work_claims_total", queue="maintenance") == 2
    assert before.of("smelt_work_wait_seconds_count", queue="maintenance") == 2
    assert before.of("smelt_work_slots", queue="maintenance") == settings.maintenance_slots
    assert before.total("smelt_build_info") == 1

    (worker,) = pool.children()
    worker.kill()
    wait_until(lambda: scrape(port).of("smelt_pool_restarts_total", queue="maintenance") == 1)
    assert done(scrape(port)) == 2
    wait_until(lambda: answers(port, "/readyz", 200), 60)
    after = scrape(port)
    assert done(after) == 2
    assert (
        after.of("smelt_work_slots", queue="maintenance") == settings.maintenance_slots
    )  # one process's alone
    assert ask(port, "/").status_code == 404


def test_a_pool_is_ready_while_each_of_its_processes_is(tmp_path: Path) -> None:
    with PoolMetrics("deliver", ["one", "two"]) as metrics:
        folder = metrics.folder
        for place in ("one", "two"):
            metrics.note_start(place)
        metrics.note_ready("one")
        with pytest.raises(NotReady, match="Not ready: two\\."):
            metrics.ready()
        metrics.note_ready("two")
        metrics.ready()
        metrics.note_start("one")
        with pytest.raises(NotReady, match="Not ready: one\\."):
            metrics.ready()
        assert folder.is_dir()
    assert not folder.exists()
