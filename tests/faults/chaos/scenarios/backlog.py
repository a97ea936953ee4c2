"""A backlog: 200 posts a second on 100,000 rows that wait already."""

from pathlib import Path
from tempfile import TemporaryDirectory

from db import migrate
from deploy.embedded.engines import EmbeddedEngines
from tests.conftest import make_settings
from tests.faults.chaos.backlog import FULL, SHORT, measure
from tests.faults.chaos.scenario import Result, worldless


def backlog(seed: int, full: bool) -> Result:
    """On a Postgres of its own, durable and vacuumed as in production. `full` wants the machine to itself, and raises
    AssertionError where a bound doesn't hold.
    """
    size = FULL if full else SHORT
    with (
        TemporaryDirectory(prefix="smelt-backlog-", dir="/tmp") as folder,
        EmbeddedEngines(Path(folder) / "data") as engines,
    ):
        assert engines.owner_url is not None
        migrate.upgrade(engines.owner_url)
        settings = make_settings(Path(folder), database_url=engines.database_url, redis_url=engines.redis_url)
        found = measure(settings, engines.owner_url, size, seed)
    if full:
        found.judge(size.rate)
    return worldless(
        f"{size.rate:g} posts a second on a backlog of {size.large:,}",
        found.posts,
        accepted=found.verdict.accepted,
        lost=found.verdict.lost,
        doubled=found.verdict.doubled,
        **found.told(),
    )
