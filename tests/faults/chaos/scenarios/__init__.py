"""All scenarios, in the order of the report."""

from tests.faults.chaos.scenario import Scenario
from tests.faults.chaos.scenarios.backlog import backlog
from tests.faults.chaos.scenarios.between_segments import between_segments
from tests.faults.chaos.scenarios.black_hole import black_hole
from tests.faults.chaos.scenarios.crash_points import crash_points
from tests.faults.chaos.scenarios.crowding import crowding
from tests.faults.chaos.scenarios.failing import failing
from tests.faults.chaos.scenarios.fairness import fairness
from tests.faults.chaos.scenarios.fan_in import fan_in
from tests.faults.chaos.scenarios.kill_storm import kill_storm
from tests.faults.chaos.scenarios.lost_replies import lost_replies
from tests.faults.chaos.scenarios.poison import poison
from tests.faults.chaos.scenarios.postgres_gone import postgres_killed
from tests.faults.chaos.scenarios.redis_failover import redis_failover
from tests.faults.chaos.scenarios.redis_gone import redis_flushed, redis_hangs, redis_killed
from tests.faults.chaos.scenarios.rolling_deploy import rolling_deploy
from tests.faults.chaos.scenarios.schedules import schedules
from tests.faults.chaos.scenarios.sequences import sequences
from tests.faults.chaos.scenarios.store_away import store_away
from tests.faults.chaos.scenarios.withdrawals import withdrawals
from tests.faults.chaos.scenarios.zombies import zombies

SCENARIOS: tuple[Scenario, ...] = (
    kill_storm,
    between_segments,
    redis_flushed,
    redis_killed,
    redis_hangs,
    redis_failover,
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
