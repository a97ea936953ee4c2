"""A short form of each scenario. `make chaos` has the long ones."""

import pytest

from tests.chaos.scenarios import SCENARIOS, SHORT, Scenario


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_nothing_accepted_is_lost_and_nothing_happens_twice(scenario: Scenario) -> None:
    result = scenario(1, SHORT)

    assert result.hits > 0
    assert result.verdict.accepted >= SHORT.smelts
    assert result.verdict.holds, result
