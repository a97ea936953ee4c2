"""Misfortunes: wakes that are lost or doubled, a Redis that is away, silence past a lease, deadlines."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.machine.watch import Watch, anything

MOST_WAKES = 12


class Misfortunes(Watch):
    @precondition(lambda self: self.stage.bell.wakes)
    @rule(which=anything, double=st.booleans())
    def lose_or_double_a_wake(self, which: int, double: bool) -> None:
        wakes = self.stage.bell.wakes
        wake = wakes.pop(which % len(wakes))
        if double and len(wakes) < MOST_WAKES:
            wakes += [wake, wake]

    @rule(up=st.booleans())
    def redis_fails_or_returns(self, up: bool) -> None:
        """What fails has nothing left."""
        self.stage.bell.up = up
        if not up:
            self.stage.bell.wakes.clear()

    @precondition(lambda self: self.workers)
    @rule(which=anything)
    def a_lease_runs_out(self, which: int) -> None:
        worker = self.workers[which % len(self.workers)]
        assert worker.claim is not None
        self.stage.expire_lease(worker.table.name, worker.claim.id)
        self.look_away()

    @rule()
    def time_passes(self) -> None:
        """Every lease that nobody renews runs out, and whatever waited for its time is due."""
        self.stage.expire_leases()
        self.stage.make_due()
        self.look_away()

    @precondition(lambda self: self.now.smelts)
    @rule(which=anything)
    def a_deadline_comes(self, which: int) -> None:
        smelt = self.smelt(which)
        self.expired.add(smelt["id"])
        self.stage.expire_content(smelt["id"])
        self.look_away()

    @rule(which=st.integers(0, 2))
    def monday_comes(self, which: int) -> None:
        self.stage.make_monday(self.stage.users[which])
        self.look_away()
