"""A short form of each scenario but `crowding`, which is about how long others wait. `make chaos` has the long ones.

`make test` has those of the faults that every installation meets, and the cheap ones; `make chaos-short` the others.
"""

import pytest

from tests.faults.chaos.scenario import Scenario
from tests.faults.chaos.scenarios import SCENARIOS
from tests.faults.chaos.scenarios.crash_points import crash_points
from tests.faults.chaos.scenarios.crowding import crowding
from tests.faults.chaos.scenarios.kill_storm import kill_storm
from tests.faults.chaos.scenarios.postgres_gone import postgres_killed
from tests.faults.chaos.scenarios.redis_gone import redis_killed
from tests.faults.chaos.scenarios.rolling_deploy import rolling_deploy
from tests.faults.chaos.scenarios.sequences import sequences

COMMON = (kill_storm, redis_killed, postgres_killed, rolling_deploy)
CHEAP = (crash_points, sequences)  # for what they find: they start no service
OTHERS = [scenario for scenario in SCENARIOS if scenario not in (*COMMON, *CHEAP, crowding)]

pytestmark = pytest.mark.long


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "scenario",
    [*COMMON, *CHEAP, *(pytest.param(scenario, marks=pytest.mark.exhaustive) for scenario in OTHERS)],
    ids=lambda scenario: scenario.__name__,
)
def test_nothing_accepted_is_lost_and_nothing_happens_twice(scenario: Scenario) -> None:
    result = scenario(1, False)

    assert result.hits > 0
    assert result.verdict.holds, result
