"""Lives every life once to find its points, then once for each that was chosen, to that point."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from uuid import UUID

from pipeline.settings import Settings
from tests.faults.crash.checks import check, check_monday
from tests.faults.crash.fork_server import ForkServer, Order, fork_server
from tests.faults.crash.harness import WEEKLY, Harness, harness
from tests.faults.crash.posts import Context
from tests.faults.crash.scenarios import LIVES

Choice = Callable[[int], Sequence[int]]
"""Which of a life's points (1 to so many) it is killed at."""


@dataclass
class Report:
    """`points`: how many were found. `kills`: those at which a process was killed, and all was made good.

    `accepted`: smelts, over all lives.
    """

    points: int = 0
    kills: list[str] = field(default_factory=list)
    accepted: int = 0

    @property
    def places(self) -> Counter[str]:
        """How many kills there were at each kind of place, such as `after a commit`."""
        return Counter(kill.partition(": ")[2].partition(" in ")[0] for kill in self.kills)


def storm(settings: Settings, owner_url: str, choice: Choice) -> Report:
    """Raises AssertionError with the point's name."""
    report = Report()
    with harness(settings, owner_url) as it, fork_server() as mother, TemporaryDirectory() as folder:
        for life in LIVES:
            log = Path(folder) / life
            found = len(_live(it, mother, life, 0, log))
            report.points += found
            report.accepted += len(it.accepted)
            for place in choice(found):
                passed = _live(it, mother, life, place, log)
                report.accepted += len(it.accepted)
                if len(passed) == place:  # else it took a shorter way this time
                    report.kills.append(f"{life}: {passed[-1]}")
    return report


def _live(it: Harness, mother: ForkServer, life: str, kill_at: int, log: Path) -> list[str]:
    """One life, to its end or to a point, and what comes after it. Returns the points that it passed."""
    it.clear()
    context = LIVES[life].before(it)
    log.unlink(missing_ok=True)
    code = mother.live(Order(life, it.settings, context, kill_at, log))
    lines = log.read_text().splitlines()
    points = [line.removeprefix("point ") for line in lines if line.startswith("point ")]
    killed = len(points) == kill_at
    assert code == (-SIGKILL if killed else 0), f"{life}, to be killed at {kill_at}, ended with {code}"
    try:
        _make_good(it, life, context, [line.split()[1:] for line in lines if line.startswith("answer")])
    except AssertionError as error:
        place = points[-1] if killed else "nothing"
        raise AssertionError(f"{life}, after a kill at {kill_at} ({place}): {error}") from error
    return points


def _make_good(it: Harness, life: str, context: Context, answers: list[list[str]]) -> None:
    spent = it.spend() if life == "Monday" else []
    if (again := LIVES[life].again) is not None:
        repeated = again(it, context)
        for answer in answers:
            assert not answer or UUID(answer[0]) == repeated, "two smelts for one key"
    it.come_to_rest()
    if life == "Monday":
        check_monday(it, spent, WEEKLY)
    check(it, life)
