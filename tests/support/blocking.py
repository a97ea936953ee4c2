"""Two transactions in each other's way, on purpose and without a race: the second is seen to wait for the first."""

from concurrent.futures import Future
from typing import Any

import psycopg

from tests.support.waiting import wait_until

WAITING = """
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


def wait_until_blocked(owner_url: str, other: Future[Any]) -> None:
    """Returns once a session of this database waits for a lock; fails if `other` ends without having waited."""
    with psycopg.connect(owner_url, autocommit=True) as connection:

        def blocked() -> bool:
            assert not other.done(), "it ended without waiting for a lock"
            row = connection.execute(WAITING).fetchone()
            return row is not None and row[0] > 0

        wait_until(blocked)
