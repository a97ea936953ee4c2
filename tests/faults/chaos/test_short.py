"""A short form of each scenario but `crowding`, which is about how long others wait. `make chaos` has the long ones.

`make test` has that of killed workers, and a cheap one; `make chaos-short` the others.
"""

import pytest

from tests.faults.chaos.scenario import Scenario
from tests.faults.chaos.scenarios import SCENARIOS
from tests.faults.chaos.scenarios.crowding import crowding
from tests.faults.chaos.scenarios.kill_storm import kill_storm
from tests.faults.chaos.scenarios.sequences import sequences

ALWAYS = (kill_storm, sequences)  # the second one starts no service
OTHERS = [scenario for scenario in SCENARIOS if scenario not in (*ALWAYS, crowding)]

pytestmark = pytest.mark.long


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "scenario",
    [*ALWAYS, *(pytest.param(scenario, marks=pytest.mark.exhaustive) for scenario in OTHERS)],
    ids=lambda scenario: scenario.__name__,
)
def test_nothing_accepted_is_lost_and_nothing_happens_twice(scenario: Scenario) -> None:
    result = scenario(1, False)

    assert result.hits > 0
    assert result.verdict.holds, result
