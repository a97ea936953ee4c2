"""What the machine's rules share: the rows as they are now, and what is looked at after every step."""

import logging
from typing import ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.faults.model.harness import Harness
from tests.faults.model.invariants import check_moment, check_step
from tests.faults.model.ledger import Ledger
from tests.faults.model.snapshot import Row
from tests.faults.model.worker import Worker

anything = st.integers(0, 11)  # which of those there are, counted round


class Watch(RuleBasedStateMachine):
    """Subclassed with a `harness`, and with `unforeseen`: errors that workers have logged.

    `workers`: those that pause. `expired`: smelts past their deadlines. `posted`: how many were accepted.
    """

    harness: ClassVar[Harness]
    unforeseen: ClassVar[list[logging.LogRecord]]

    def __init__(self) -> None:
        super().__init__()
        self.workers: list[Worker] = []
        self.expired: set[str] = set()
        self.posted = 0

    def start(self, credits_left: dict[UUID, int]) -> None:
        self.harness.clear(credits_left)
        self.unforeseen.clear()
        self.ledger = Ledger({str(user): left for user, left in credits_left.items()})
        self.now = self.harness.look()

    def look(self, *, counts: bool = False) -> None:
        """After a step of the service. `counts`: whether work that comes back has used up one of its failures."""
        before, self.now = self.now, self.harness.look()
        check_moment(self.now)
        check_step(before, self.now, counts=counts)
        self.ledger.follow(before, self.now)
        self.ledger.check(self.now)
        assert not self.unforeseen, [record.getMessage() for record in self.unforeseen]

    def look_away(self) -> None:
        """After a step of the machine itself, which no law binds."""
        self.now = self.harness.look()

    def nothing_changed(self) -> None:
        assert self.harness.look() == self.now

    def smelt(self, which: int, smelts: list[Row] | None = None) -> Row:
        rows = sorted(smelts or self.now.smelts.values(), key=lambda row: str(row["id"]))
        return rows[which % len(rows)]

    def row_of(self, worker: Worker) -> Row | None:
        """The row that the worker has claimed, whoever's it is now; None if it is gone, or none was claimed."""
        return None if worker.claim is None else self.now.work[worker.table.name].get(str(worker.claim.id))
