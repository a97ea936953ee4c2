"""How many connections one address may open, and how fast."""

import pytest

from api.server.connections import TOLD_OF_ONE, Connections, Entry
from pipeline.concurrency import Limit
from pipeline.net.networks import networks

PROXY = "10.0.0.1"


class Connection:
    def check_delivery(self, now: float) -> None:
        pass


@pytest.fixture
def connections() -> Connections:
    """Four at once from one address, sixty a minute: two at once."""
    return Connections(Limit(100, 4), networks((PROXY,)), slowest_reader=1_000, rate_address=60)


def opened(connections: Connections, host: str, count: int, *, kept: bool = False) -> list[Entry]:
    entries = []
    for _ in range(count):
        connection = Connection()
        entries.append(connections.enter(connection, host))
        if not kept:
            connections.leave(connection)
    return entries


def test_who_opens_them_too_fast_is_dropped_and_nobody_else(connections: Connections) -> None:
    assert opened(connections, "192.0.2.1", 4) == [Entry.SERVED] * 2 + [Entry.DROPPED] * 2
    assert opened(connections, "192.0.2.2", 1) == [Entry.SERVED]
    assert opened(connections, PROXY, 50) == [Entry.SERVED] * 50
    assert len(connections) == 0


def test_beyond_those_at_once_some_are_told() -> None:
    connections = Connections(Limit(100, 2), (), slowest_reader=1_000, rate_address=1_000_000)
    entries = opened(connections, "192.0.2.1", 4 + TOLD_OF_ONE, kept=True)
    assert entries == [Entry.SERVED] * 2 + [Entry.OVER_OWN_LIMIT] * TOLD_OF_ONE + [Entry.DROPPED] * 2
