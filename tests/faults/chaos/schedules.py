"""The schedules on a calendar of their own: Mondays come by as fast as the test moves the clock.

Each case crosses a Monday 00:00 UTC under a fault. The oracle is a trigger that writes down every user whose credits
rise: there must be one such rise for each user and Monday, however often the clock crosses it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from db.smelts.content_keys import get_content_key
from pipeline.content.errors import ContentMissing
from pipeline.content.keyring import new_content_key
from pipeline.content.store import Kind, ObjectName
from tests.faults.chaos.schedule_fixture import (
    FULL,
    LEFT,
    RECONCILERS,
    USERS,
    WAIT_SECONDS,
    ScheduleFixture,
    schedule_fixture,
)
from tests.support.engines import Servers
from tests.support.smelts import admit_all, new_smelt
from tests.support.waiting import wait_until

TICK = 1.0  # seconds, as in production
POOL_SECONDS = 2.0  # that the pool may take to fetch its message and do the first batch, on two busy cores
WEEKS = 12  # Mondays of the full form


@dataclass(frozen=True)
class Crossing:
    """What came of one Monday. `lag`: seconds from the reconciler's return to the first reset; None: none missing."""

    fault: str
    missed: int
    doubled: int
    lag: float | None


@dataclass(frozen=True)
class Figures:
    """`missed` and `doubled` count users, over all Mondays; `slowest`: the longest lag, in seconds."""

    crossings: tuple[Crossing, ...]

    @property
    def missed(self) -> int:
        return sum(crossing.missed for crossing in self.crossings)

    @property
    def doubled(self) -> int:
        return sum(crossing.doubled for crossing in self.crossings)

    @property
    def slowest(self) -> float:
        return max(crossing.lag or 0.0 for crossing in self.crossings)

    @property
    def resets(self) -> int:
        """How many are due: one for each user and Monday."""
        return USERS * len(self.crossings)


Case = Callable[[ScheduleFixture], Crossing]


def cross_mondays(servers: Servers, template: str, seed: int, *, full: bool) -> Figures:
    """`full`: a quarter of a year of Mondays; raises AssertionError if catching up took too long."""
    with schedule_fixture(servers, template, seed, TICK if full else 0.2) as it:
        cases = list(CASES)
        if full:
            cases += [
                partial(down, span=timedelta(hours=5)),
                *it.chance.choices(CASES, k=WEEKS - 1 - len(CASES)),
            ]
            it.chance.shuffle(cases)
        figures = Figures(tuple(case(it) for case in cases))
        purge(it)
    if full:
        assert figures.slowest <= TICK + POOL_SECONDS, figures
    return figures


# The cases


def killed(it: ScheduleFixture) -> Crossing:
    """All three get SIGKILL while the clock crosses the boundary."""
    monday, begun = _sunday_night(it)
    it.wait_for(monday + timedelta(seconds=it.chance.uniform(-0.1, 0.8)))
    it.kill_reconcilers()
    return _return(it, "killed at the boundary", begun)


def down(it: ScheduleFixture, span: timedelta) -> Crossing:
    """None runs while the boundary goes by."""
    begun = _fresh(it)
    it.kill_reconcilers()
    it.clock.set(it.next_monday() + span)
    return _return(it, f"down for {span}", begun)


def stepped_back(it: ScheduleFixture) -> Crossing:
    """The clock is set back over the boundary after the reset and crosses it again; what was spent stays spent."""
    _, begun = _sunday_night(it)
    _wait_for_reset(it, begun)
    it.spend(FULL - 2)
    back = timedelta(seconds=it.chance.uniform(10, 6 * 86_400))
    for _ in range(2):
        it.clock.move(-back)
        it.wait_for_ticks()
        it.clock.move(back)
        it.wait_for_ticks()
    return _judge(it, "clock stepped back", begun, None, left=FULL - 2)


def message_lost(it: ScheduleFixture) -> Crossing:
    """The run is written and its notification sent, and Redis loses everything before the pool has looked."""
    it.pause_pool()
    _, begun = _sunday_night(it)
    wait_until(lambda: not it.runs_ended(), WAIT_SECONDS)
    wait_until(it.lose_messages, WAIT_SECONDS)
    lost = it.clock.true_now()
    it.resume_pool()
    _wait_for_reset(it, begun)
    return _judge(it, "message lost", begun, lost)


def two_paused(it: ScheduleFixture) -> Crossing:
    """Two of three are stopped over the boundary and continued when all is done."""
    with it.paused(it.chance.sample(it.reconcilers, RECONCILERS - 1)):
        monday, begun = _sunday_night(it)
        it.wait_for(monday)
        crossed = it.clock.true_now()
        _wait_for_reset(it, begun)
    return _judge(it, "two of three paused", begun, crossed)


def worker_killed(it: ScheduleFixture) -> Crossing:
    """The pool gets SIGKILL when a part of the users is reset, and then the clock is set back."""
    it.spend(LEFT)
    begun = it.clock.true_now()
    it.clock.set(it.next_monday() + timedelta(hours=2))
    wait_until(lambda: it.clock.users_reset_since(begun), WAIT_SECONDS)
    it.kill_pool()
    it.clock.move(-timedelta(hours=1, minutes=50))  # its lease now ends in two hours
    _wait_for_reset(it, begun)
    return _judge(it, "worker killed in the midst, clock stepped back", begun, None)


CASES: tuple[Case, ...] = (
    killed,
    partial(down, span=timedelta(weeks=3, hours=1)),
    stepped_back,
    message_lost,
    two_paused,
    worker_killed,
)


def purge(it: ScheduleFixture) -> None:
    """Content past its deadline goes, though nobody ran at that moment and the clock was before it again since.

    The reconcilers are stopped meanwhile, not killed.
    """
    key = new_content_key()
    smelt = new_smelt(None, texts=1, max_age=3_600)
    name = ObjectName(smelt.id, smelt.files[0].id, Kind.INPUT)
    it.services.content.put(name, key, b"a secret")
    with it.services.database.service() as conn:
        admit_all(conn, smelt)

    def readable() -> bool:
        with it.services.database.service() as conn:
            return get_content_key(conn, smelt.id) is not None

    def gone() -> bool:
        try:
            it.services.content.get(name, key)
        except ContentMissing:
            return not readable()
        return False

    with it.paused(it.reconcilers):
        it.clock.move(timedelta(hours=2))
        assert not readable()  # nobody has come by, and yet
        it.clock.move(-timedelta(hours=2))
    it.wait_for_ticks()
    assert readable()  # not before its time
    it.clock.move(timedelta(hours=2))
    wait_until(gone, WAIT_SECONDS)


# The steps


def _fresh(it: ScheduleFixture) -> datetime:
    """Everybody has spent; returns the true time from which resets count."""
    it.spend(LEFT)
    return it.clock.true_now()


def _sunday_night(it: ScheduleFixture) -> tuple[datetime, datetime]:
    """Half a second before Monday; returns Monday, and the true time."""
    begun = _fresh(it)
    monday = it.next_monday()
    it.clock.set(monday - timedelta(seconds=0.5))
    return monday, begun


def _return(it: ScheduleFixture, fault: str, begun: datetime) -> Crossing:
    """Three new reconcilers; their return is the first one's first session."""
    started = it.clock.true_now()
    it.start_reconcilers()
    wait_until(lambda: it.clock.sessions_since(started), WAIT_SECONDS)
    returned = it.clock.sessions_since(started)[0]
    _wait_for_reset(it, begun)
    return _judge(it, fault, begun, returned)


def _wait_for_reset(it: ScheduleFixture, begun: datetime) -> None:
    wait_until(lambda: it.all_reset(begun) and it.runs_ended(), WAIT_SECONDS)


def _judge(
    it: ScheduleFixture, fault: str, begun: datetime, returned: datetime | None, *, left: int = FULL
) -> Crossing:
    """After another round of every reconciler, so that a second reset would have come."""
    it.wait_for_ticks()
    wait_until(it.runs_ended, WAIT_SECONDS)
    resets = it.clock.resets_since(begun)
    assert it.credits() == {left}, f"{fault}: {it.credits()}"
    lag = None
    if returned is not None:
        lag = max(0.0, (it.clock.first_reset_since(begun) - returned).total_seconds())
    return Crossing(fault, USERS - len(resets), sum(count - 1 for count in resets.values()), lag)
