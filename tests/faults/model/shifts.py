"""Workers: from a notification to the end in one go, or step by step among all that happens meanwhile."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from db.work.schedules import RUNS
from db.work.webhooks import DELIVERIES
from pipeline.retry import DELIVERY_ATTEMPTS
from tests.faults.model.commands import Command, Place
from tests.faults.model.snapshot import Row
from tests.faults.model.watch import Watch, anything
from tests.faults.model.worker import Worker

MOST_WORKERS = 4

how = st.sampled_from(
    [Command.GO] * 6
    + [Command.FAIL] * 2
    + [Command.FAIL_FOR_GOOD, Command.RATE_LIMIT, Command.CRASH, Command.GIVE_BACK]
)
commands = st.sampled_from([Command.GO] * 4 + [Command.TICK] * 2 + list(Command))


class Shifts(Watch):
    @precondition(lambda self: self.harness.bag.notifications and len(self.workers) < MOST_WORKERS)
    @rule(which=anything)
    def take(self, which: int) -> None:
        worker = self._taken(which)
        if worker.place is not None:
            self.workers.append(worker)

    @precondition(lambda self: self.harness.bag.notifications)
    @rule(which=anything, how=how)
    def run(self, which: int, how: Command) -> None:
        """One piece of work from its notification to its end."""
        self.work(which, how)

    @precondition(lambda self: self.workers)
    @rule(which=anything, command=commands)
    def go_on(self, which: int, command: Command) -> None:
        """A worker takes one step, perhaps long after its lease."""
        worker = self.workers[which % len(self.workers)]
        self.tell(worker, command)
        if worker.place is None:
            self.workers.remove(worker)

    @precondition(lambda self: self.workers)
    @rule()
    def the_heart_beats(self) -> None:
        """Leases are renewed and nothing else; a worker whose row is another's learns it at its next tick."""
        self.harness.heartbeat.beat()
        before = self.now
        self.look()
        renewed = {"lease_until", "updated_at"}
        for table, rows in self.now.work.items():
            for row_id, row in rows.items():
                old = before.work[table][row_id]
                assert {name for name in row if row[name] != old[name]} <= renewed

    def work(self, which: int, how: Command) -> None:
        worker = self._taken(which)
        row, place = self._row(worker), worker.place
        pausing = Place.CLAIMED if worker.table is RUNS else Place.WORKING
        while worker.place is not None:
            place = worker.place
            worker.tell(how if place is pausing else Command.GO)
        if row is not None:
            self._judge(worker, place, how, row)

    def tell(self, worker: Worker, command: Command) -> None:
        """One step of a worker; it changes nothing if its claim was lost."""
        row, place = self._row(worker), worker.place
        worker.tell(command)
        if row is None and worker.table is RUNS:
            # A job may be done by any number at once: so it may change other rows, but its run is another's.
            before = self.row_of(worker)
            self.look()
            assert self.row_of(worker) == before
        elif row is None or command is Command.DIE:
            self.nothing_changed()
        else:
            self._judge(worker, place, command, row)

    def _taken(self, which: int) -> Worker:
        notifications = self.harness.bag.notifications
        worker = Worker(
            self.harness.services, self.harness.objects, notifications.pop(which % len(notifications))
        )
        self.look()
        return worker

    def _judge(self, worker: Worker, place: Place | None, command: Command, row: Row) -> None:
        """Whether what came of it is what had to come of it."""
        self.look(counts=_counts(worker, command))
        after = self.row_of(worker)
        assert after is not None
        if (wanted := _wanted(worker, place, command, row)) is not None:
            assert after["status"] == wanted, f"after {command} at {place}: {after}"

    def _row(self, worker: Worker) -> Row | None:
        """The worker's row while its claim holds, else None."""
        row, claim = self.row_of(worker), worker.claim
        if row is None or claim is None or row["status"] != "processing" or row["attempt"] != claim.attempt:
            return None
        return row


def _counts(worker: Worker, command: Command) -> bool:
    """Whether what the worker was told uses up a failure, if the work comes back."""
    if command is Command.GIVE_BACK:
        return False
    return command is not Command.RATE_LIMIT or worker.table is DELIVERIES


def _wanted(worker: Worker, place: Place | None, command: Command, row: Row) -> str:
    """The state that the worker's row must be in after this."""
    budget = DELIVERY_ATTEMPTS if worker.table is DELIVERIES else worker.most_attempts
    if command is Command.GIVE_BACK:
        return "pending"
    if command is Command.FAIL_FOR_GOOD:
        return "failed"
    if command is Command.RATE_LIMIT and worker.table is not DELIVERIES:
        return "waiting"
    refused = command is Command.TICK and place is Place.WORKING and worker.table is DELIVERIES
    if refused or command in (Command.FAIL, Command.CRASH, Command.RATE_LIMIT):
        return "failed" if row["failures"] + 1 >= budget else "waiting"
    return "completed" if worker.place is None else "processing"
