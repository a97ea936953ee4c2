"""Fairness: a crowd and one who comes late, recordings of very different lengths, and a stream of newcomers."""

import random

from tests.faults.chaos.fair_queue_harness import open_harness
from tests.faults.chaos.fairness import PLAYS, Figure
from tests.faults.chaos.invariants import Verdict
from tests.faults.chaos.scenario import Result, worldless
from tests.support.engines import running_servers


def fairness(seed: int, full: bool) -> Result:
    """Every play on a database of its own, with 2 to 4 slots. Claims have an order, not a pace: both forms judge it."""
    figures: list[Figure] = []
    verdicts: list[Verdict] = []
    with running_servers(None, None) as servers, servers.postgres.migrated_template() as template:
        for play in PLAYS:
            chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
            with open_harness(servers.postgres, template, 2 + seed % 3) as harness:
                figures += play(harness, chance, full=full)
                verdicts.append(harness.verdict())
    broken = [figure for figure in figures if not figure.holds]
    assert not broken, broken
    return worldless(
        "fairness (no fault: crowds, long recordings, newcomers)",
        len(PLAYS),
        accepted=sum(verdict.accepted for verdict in verdicts),
        lost=sum(verdict.lost for verdict in verdicts),
        doubled=sum(verdict.doubled for verdict in verdicts),
        **{figure.name: str(figure) for figure in figures},
    )
