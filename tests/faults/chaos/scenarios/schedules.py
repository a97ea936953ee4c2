"""Schedules: Mondays under three reconcilers that are killed, stopped, away or set back."""

from tests.faults.chaos.scenario import Result, worldless
from tests.faults.chaos.schedules import cross_mondays
from tests.support.engines import running_servers


def schedules(seed: int, full: bool) -> Result:
    """On engines of its own."""
    with running_servers(None, None) as servers, servers.postgres.migrated_template() as template:
        figures = cross_mondays(servers, template, seed, full=full)
    return worldless(
        "Mondays under dead, paused and late reconcilers, a clock set back, messages lost",
        len(figures.crossings),
        accepted=figures.resets,
        lost=figures.missed,
        doubled=figures.doubled,
        counted="resets of credits, one for each user and Monday",
        **{"first reset after the reconcilers' return": f"{figures.slowest:.2f} s at the most"},
    )
