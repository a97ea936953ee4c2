"""Runs the machine: so many sequences from a seed, on a database of its own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from pipeline.settings import Settings
from tests.faults.model.commands import Scripted
from tests.faults.model.harness import Harness
from tests.faults.model.machine import WorkMachine

STEPS_EACH = 25  # beside those that bring a sequence to rest


@dataclass(frozen=True)
class Share:
    """What one process plays. `settings`: with a database that is migrated and empty."""

    settings: Settings
    owner_url: str
    sequences: int
    seed: int


@dataclass(frozen=True)
class Played:
    """`sequences`: run to their end. `accepted`: smelts that were posted in them."""

    sequences: int
    accepted: int


def play(share: Share) -> Played:
    """Raises what the first sequence that fails has shown."""
    # No clock ends a lease or a worker's grace: the machine does.
    service = share.settings.model_copy(update={"worker_grace": 0.0, "lease_seconds": 3_600.0})
    with (
        Harness(service, share.owner_url) as harness,
        _errors_logged() as unforeseen,
        patch("workers.runner.lease.TELL_SECONDS", 0),
    ):
        members = {"harness": harness, "unforeseen": unforeseen}
        machine: type[WorkMachine] = type("Machine", (WorkMachine,), members)
        run_state_machine_as_test(
            seed(share.seed)(machine),
            settings=settings(
                max_examples=share.sequences,
                stateful_step_count=STEPS_EACH,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
        return Played(machine.sequences, machine.accepted)


class _Unforeseen(logging.Handler):
    """Keeps errors that a worker logged and nobody had scripted."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if Scripted.__name__ not in record.getMessage():
            self.records.append(record)


@contextmanager
def _errors_logged() -> Iterator[list[logging.LogRecord]]:
    log, handler = logging.getLogger("workers"), _Unforeseen()
    level, propagates = log.level, log.propagate
    log.setLevel(logging.ERROR)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield handler.records
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates
