"""The reconciler is alive while its rounds end, and ready while they succeed; its port tells."""

import subprocess
import sys

import pytest

from deploy.supervisor.environment import child_environment
from pipeline.checks import NotReady
from pipeline.settings import Settings
from tests.support.scraping import answers, free_port, scrape
from tests.support.waiting import wait_until
from workers.reconciler.health import HUNG_SECONDS, Health


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_is_ready_once_a_round_has_succeeded_and_while_they_go_on_to() -> None:
    clock = Clock()
    health = Health(1.0, clock)
    health.alive()  # it waits for the database: no restart would help
    with pytest.raises(NotReady, match="yet"):
        health.ready()
    health.note_round(whole=True)
    health.ready()
    clock.now += 61
    health.note_round(whole=False)
    with pytest.raises(NotReady, match="for 61 s"):
        health.ready()
    health.alive()
    clock.now += HUNG_SECONDS + 1
    with pytest.raises(NotReady, match="has ended for 301 s"):
        health.alive()


def test_its_port_tells_of_the_queues_and_of_its_rounds(settings: Settings) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from workers.reconciler.loop import main; main()"],
        env=child_environment(settings.model_copy(update={"metrics_port": port})),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answers(port, "/readyz", 200), 30)
        wait_until(lambda: scrape(port).total("smelt_reconciler_rounds_total", loop="purge") >= 1)
        scraped = scrape(port)
        assert scraped.of("smelt_reconciler_rounds_total", loop="work") >= 1
        assert scraped.of("smelt_reconciler_step_failures_total", step="rescue_expired") == 0
        assert scraped.of("smelt_reconciler_last_round_timestamp_seconds", loop="work") > 1e9
        wait_until(lambda: scrape(port).total("smelt_queue_figures_timestamp_seconds") > 1e9)
        assert answers(port, "/healthz", 200)
        assert scrape(port)["process_resident_memory_bytes"] > 1e6
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
