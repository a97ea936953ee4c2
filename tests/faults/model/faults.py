"""Faults: notifications that are lost or doubled, a Redis that is away, silence past a lease, deadlines."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.faults.model.watch import Watch, anything

MOST_NOTIFICATIONS = 12


class Faults(Watch):
    @precondition(lambda self: self.harness.bag.notifications)
    @rule(which=anything, double=st.booleans())
    def lose_or_double_a_notification(self, which: int, double: bool) -> None:
        notifications = self.harness.bag.notifications
        notification = notifications.pop(which % len(notifications))
        if double and len(notifications) < MOST_NOTIFICATIONS:
            notifications += [notification, notification]

    @rule(up=st.booleans())
    def redis_fails_or_returns(self, up: bool) -> None:
        """What fails has nothing left."""
        self.harness.bag.up = up
        if not up:
            self.harness.bag.notifications.clear()

    @precondition(lambda self: self.workers)
    @rule(which=anything)
    def a_lease_runs_out(self, which: int) -> None:
        worker = self.workers[which % len(self.workers)]
        assert worker.claim is not None
        self.harness.expire_lease(worker.table.name, worker.claim.id)
        self.look_away()

    @rule()
    def time_passes(self) -> None:
        """Every lease that nobody renews runs out, and whatever waited for its time is due."""
        self.harness.expire_leases()
        self.harness.make_due()
        self.look_away()

    @precondition(lambda self: self.now.smelts)
    @rule(which=anything)
    def a_deadline_comes(self, which: int) -> None:
        smelt = self.smelt(which)
        self.expired.add(smelt["id"])
        self.harness.expire_content(smelt["id"])
        self.look_away()

    @rule(which=st.integers(0, 2))
    def monday_comes(self, which: int) -> None:
        self.harness.make_monday(self.harness.users[which])
        self.look_away()
