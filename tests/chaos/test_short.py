"""A short form of each scenario but `crowding`, which is about how long others wait. `make chaos` has the long ones."""

import pytest

from tests.chaos.scenario import Scenario
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.scenarios.crowding import crowding

SHORT = [scenario for scenario in SCENARIOS if scenario is not crowding]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.__name__)
def test_nothing_accepted_is_lost_and_nothing_happens_twice(scenario: Scenario) -> None:
    result = scenario(1, False)

    assert result.hits > 0
    assert result.verdict.holds, result
