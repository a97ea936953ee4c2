"""Which of the synthesize pool's processes are kept for short outputs, and who notifies whom."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from pipeline.fairness import SHORT_OUTPUT_SECONDS
from pipeline.processes.cores import cores
from pipeline.settings import Settings
from tests.support.smelts import admit_all, new_smelt
from workers.notifications.queues import ActorName, Queue
from workers.pools import slots
from workers.reconciler.loop import notify_claimable
from workers.runner.run import run_next
from workers.services import Services


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings)
    yield services
    services.close()


def admit(services: Services, texts: int, cost: float) -> None:
    """So many outputs that cost this."""
    new = new_smelt(None, texts=texts)
    with services.database.service() as conn:
        admit_all(conn, new)
        conn.execute(
            text("update smelt_outputs set cost = :cost where smelt_id = :id"), {"cost": cost, "id": new.id}
        )


def notified(services: Services) -> tuple[int | None, int | None]:
    return services.notifier.waiting(Queue.SYNTHESIZE), services.notifier.waiting(Queue.SYNTHESIZE_SHORT)


def run_short(services: Services) -> bool:
    return run_next(services, ActorName.APPLY_SHORT, lambda _task: None, threading.Event()) is not None


@pytest.mark.parametrize(
    ("changes", "queues", "threads"),
    [
        ({}, [Queue.SYNTHESIZE, Queue.SYNTHESIZE_SHORT], (min(16, cores()), 2)),
        ({"synthesize_short_slots": 0}, [Queue.SYNTHESIZE], (min(16, cores()), 0)),
        ({"extractive_slots": 5}, [Queue.SYNTHESIZE, Queue.SYNTHESIZE_SHORT], (5, 2)),
        (
            {"llm_base_url": "http://127.0.0.1:1/v1", "synthesize_short_slots": 3},
            [Queue.SYNTHESIZE, Queue.SYNTHESIZE_SHORT],
            (16, 3),
        ),
    ],
)
def test_without_a_model_no_more_is_claimed_than_cores_can_do(
    settings: Settings, changes: dict[str, object], queues: list[Queue], threads: tuple[int, int]
) -> None:
    settings = settings.model_copy(update=changes)
    assert slots.processes(settings, Queue.SYNTHESIZE) == queues
    assert (
        tuple(slots.slots(settings, queue) for queue in (Queue.SYNTHESIZE, Queue.SYNTHESIZE_SHORT)) == threads
    )


def test_only_those_who_may_claim_it_are_sent_for(services: Services) -> None:
    most = slots.slots(services.settings, Queue.SYNTHESIZE)
    admit(services, most + 1, SHORT_OUTPUT_SECONDS * 10)
    notify_claimable(services)
    assert notified(services) == (most, 0)

    admit(services, 5, SHORT_OUTPUT_SECONDS)
    notify_claimable(services)
    notify_claimable(services)
    assert notified(services) == (most, 2)


def test_one_short_output_leads_to_the_next_and_never_to_a_long_one(services: Services) -> None:
    admit(services, 1, SHORT_OUTPUT_SECONDS * 10)
    admit(services, 2, SHORT_OUTPUT_SECONDS)

    assert run_short(services)
    assert notified(services) == (0, 1)
    assert run_short(services)
    assert notified(services) == (0, 1)
    assert not run_short(services)
