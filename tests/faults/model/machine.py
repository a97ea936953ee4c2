"""The machine: clients, workers, the reconciler and faults take turns in an order that Hypothesis invents.

After each step the laws hold and the ledger agrees; at the end of each sequence, once work goes on without
faults, every smelt ends, and those whose leases were lost long ago change nothing any more.
"""

import sys
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from db.work.schedules import RUNS
from db.work.tables import BY_QUEUE
from pipeline.content.keyring import smelt_context
from pipeline.content.store import Kind, ObjectName
from tests.faults.model.clients import Clients
from tests.faults.model.commands import Command, Place
from tests.faults.model.faults import Faults
from tests.faults.model.shifts import MOST_WORKERS, Shifts
from tests.faults.model.snapshot import Row, ended
from tests.faults.model.watch import anything
from workers.reconciler.loop import STEPS, tick
from workers.reconciler.purge import purge_orphans

ROUNDS = 30  # in which work without faults must be through
AT_ONCE = timedelta(seconds=-1)  # how old an object may be for the sweep to leave it


class WorkMachine(Clients, Shifts, Faults):
    """`sequences`: how many have run to their end. `accepted`: smelts that were posted in them."""

    sequences = accepted = 0

    @initialize(ada=st.integers(0, 5), bob=st.integers(1, 3))
    def begin(self, ada: int, bob: int) -> None:
        self.start(dict(zip(self.harness.users, (ada, bob, 0), strict=True)))

    @rule()
    def reconcile(self) -> None:
        tick(self.harness.services)
        self.look(counts=True)

    @rule(which=st.integers(0, len(STEPS) - 1))
    def reconcile_in_part(self, which: int) -> None:
        """As one that is killed in the middle does."""
        STEPS[which](self.harness.services)
        self.look(counts=True)

    @precondition(lambda self: self.harness.bag.up and 0 < len(self.workers) < MOST_WORKERS)
    @rule(which=anything, begun=st.booleans(), late=st.booleans())
    def another_takes_over(self, which: int, begun: bool, late: bool) -> None:
        """A worker is silent until another has claimed its row. It may go on at once, or later."""
        worker = self.workers[which % len(self.workers)]
        if begun and worker.place is Place.CLAIMED and worker.table is not RUNS:
            self.tell(worker, Command.GO)
        if worker.place is None:
            self.workers.remove(worker)
            return
        self.harness.expire_leases()
        self.look_away()
        self.reconcile()
        self.harness.make_due()
        self.look_away()
        self.reconcile()
        notifications = [
            n
            for n, actor in enumerate(self.harness.bag.notifications)
            if BY_QUEUE[actor.route.pool] is worker.table
        ]
        if notifications:
            self.take(notifications[0])
        if late:
            self.workers.remove(worker)
            while worker.place is not None:
                self.tell(worker, Command.GO)

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None:  # the sequence has failed already, or was given up
            for worker in self.workers:
                if worker.place is not None:
                    worker.tell(Command.DIE)
            return
        late, dying = self.workers[::2], self.workers[1::2]
        for worker in dying:
            self.tell(worker, Command.DIE)
        self._come_to_rest()
        for worker in late:
            while worker.place is not None:
                self.tell(worker, Command.GO)
        self._check_content()
        type(self).sequences += 1
        type(self).accepted += self.posted

    def _come_to_rest(self) -> None:
        self.harness.bag.up = True
        for _ in range(ROUNDS):
            self.time_passes()
            self.reconcile()
            while self.harness.bag.notifications:
                self.work(0, Command.GO)
            if not any(self.now.unfinished()):
                break
        assert not list(self.now.unfinished()), "work is left"
        assert all(ended(smelt) for smelt in self.now.smelts.values())

    def _check_content(self) -> None:
        """Every result can be read under the attempt that counts, and of what is deleted nothing is left."""
        purge_orphans(self.harness.services, AT_ONCE)
        alive = {smelt["id"]: smelt for smelt in self.now.smelts.values() if smelt["content_key"] is not None}
        assert self.harness.objects.folders() == alive.keys()
        for table, kind in (("smelt_files", Kind.TRANSCRIPT), ("smelt_outputs", Kind.RESULT)):
            for row in self.now.work[table].values():
                smelt = alive.get(row["smelt_id"])
                if smelt is not None and row["status"] == "completed" and row["attempt"] > 0:
                    name = ObjectName(UUID(smelt["id"]), UUID(row["id"]), kind, row["attempt"])
                    assert self.harness.services.content.get(name, self._key(smelt))

    def _key(self, smelt: Row) -> bytes:
        wrapped = bytes.fromhex(smelt["content_key"].removeprefix("\\x"))
        return self.harness.keyring.unwrap(wrapped, smelt_context(UUID(smelt["id"])))
