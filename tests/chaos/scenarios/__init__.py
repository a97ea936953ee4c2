"""All scenarios, in the order of the report."""

from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.backlog import backlog
from tests.chaos.scenarios.black_hole import black_hole
from tests.chaos.scenarios.crash_points import crash_points
from tests.chaos.scenarios.crowding import crowding
from tests.chaos.scenarios.failing import failing
from tests.chaos.scenarios.fairness import fairness
from tests.chaos.scenarios.fan_in import fan_in
from tests.chaos.scenarios.kill_storm import kill_storm
from tests.chaos.scenarios.lost_replies import lost_replies
from tests.chaos.scenarios.poison import poison
from tests.chaos.scenarios.postgres_gone import postgres_killed
from tests.chaos.scenarios.redis_gone import redis_flushed, redis_hangs, redis_killed
from tests.chaos.scenarios.rolling_deploy import rolling_deploy
from tests.chaos.scenarios.schedules import schedules
from tests.chaos.scenarios.sequences import sequences
from tests.chaos.scenarios.store_away import store_away
from tests.chaos.scenarios.withdrawals import withdrawals
from tests.chaos.scenarios.zombies import zombies

SCENARIOS: tuple[Scenario, ...] = (
    kill_storm,
    redis_flushed,
    redis_killed,
    redis_hangs,
    failing,
    lost_replies,
    postgres_killed,
    black_hole,
    zombies,
    fan_in,
    poison,
    fairness,
    rolling_deploy,
    schedules,
    backlog,
    withdrawals,
    store_away,
    crowding,
    crash_points,
    sequences,
)
