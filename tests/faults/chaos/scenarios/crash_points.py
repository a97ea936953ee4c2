"""Crash points: a process is killed before and after each commit and each send, and at each step of each write."""

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import make_settings
from tests.faults.chaos.scenario import Result, worldless
from tests.faults.crash.run import storm
from tests.support.engines import running_servers


def crash_points(seed: int, full: bool) -> Result:
    """Each point of each life; in the short form one of each. Raises AssertionError where something isn't made good."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def choice(found: int) -> Sequence[int]:
        points = list(range(1, found + 1))
        return chance.sample(points, found if full else 1)

    with (
        running_servers(None, None) as servers,
        servers.postgres.migrated_template() as name,
        TemporaryDirectory(prefix="smelt-crash-", dir="/tmp") as folder,
    ):
        settings = make_settings(
            Path(folder),
            database_url=servers.postgres.app_url(name),
            redis_url=servers.redis.url,
            webhook_allowed_networks=("127.0.0.0/8",),
        )
        report = storm(settings, servers.postgres.owner_url(name), choice)
    return worldless(
        "killed at a commit, a send or a write",
        len(report.kills),
        accepted=report.accepted,
        lost=0,  # each kill is judged at once
        doubled=0,
        points=f"{report.points} found, {len(report.kills)} killed at",
        **{place: str(times) for place, times in sorted(report.places.items())},
    )
