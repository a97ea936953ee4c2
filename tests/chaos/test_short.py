"""A short form of each scenario but `crowding`, which is about how long others wait. `make chaos` has the long ones.

`make test` has those of the faults that every installation meets; `make chaos-short` has the others.
"""

import pytest

from tests.chaos.scenario import Scenario
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.scenarios.crowding import crowding
from tests.chaos.scenarios.kill_storm import kill_storm
from tests.chaos.scenarios.postgres_gone import postgres_killed
from tests.chaos.scenarios.redis_gone import redis_killed
from tests.chaos.scenarios.rolling_deploy import rolling_deploy
from tests.chaos.scenarios.sequences import sequences
from tests.chaos.scenarios.zombies import zombies

COMMON = (kill_storm, redis_killed, postgres_killed, zombies, rolling_deploy, sequences)
RARE = [scenario for scenario in SCENARIOS if scenario not in (*COMMON, crowding)]

pytestmark = pytest.mark.long


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "scenario",
    [*COMMON, *(pytest.param(scenario, marks=pytest.mark.exhaustive) for scenario in RARE)],
    ids=lambda scenario: scenario.__name__,
)
def test_nothing_accepted_is_lost_and_nothing_happens_twice(scenario: Scenario) -> None:
    result = scenario(1, False)

    assert result.hits > 0
    assert result.verdict.holds, result
