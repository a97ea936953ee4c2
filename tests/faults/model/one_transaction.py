"""A sequence's database: one connection and one transaction, undone at the end, so that thousands of them are quick.

Each of the service's transactions is a savepoint in it: undone as a whole when anything is raised, kept otherwise. So
`now()` stands still within a sequence; time is made to pass by moving the rows' times.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg import pq
from sqlalchemy import Connection

from db import changes
from db.one_exchange import OneExchange
from db.session import Database
from tests.faults.model.notification_bag import NotificationBag

_BEGIN = b"rollback; begin; set local role service_role; savepoint unit"


class OneTransaction(Database):
    """For one thread at a time, and one transaction."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=1)
        self._conn = self._engine.connect()
        self._driver = cast("psycopg.Connection[tuple[Any, ...]]", self._conn.connection.driver_connection)
        self._driver.prepare_threshold = 3  # there is no pooler, and the statements are always the same
        self._bag = NotificationBag()

    def start(self, bag: NotificationBag) -> None:
        """Forgets all that was done. `bag`: notified of new webhooks."""
        self._bag = bag
        self._command(_BEGIN)

    def vacuum(self) -> None:
        """What was undone still takes room, and slows every look down."""
        self._command(b"rollback")
        self._driver.execute("vacuum analyze")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Past the service: to look, and to make time pass."""
        with self._driver.cursor() as cursor:
            cursor.execute(statement.encode(), values)
            found = cursor.fetchall() if cursor.description else []
        self._keep()
        return found

    def close(self) -> None:
        self._conn.close()
        super().close()

    @contextmanager
    def _transaction(self, role: str, claims: dict[str, str]) -> Iterator[Connection]:
        assert role == "service_role"
        try:
            changes.begin(self._conn)
            yield self._conn
        except BaseException:
            self._command(b"rollback to savepoint unit")
            raise
        self._keep()
        _, deliveries, _ = changes.noted(self._conn)
        if deliveries:
            self._bag.notify_webhooks(deliveries)

    @contextmanager
    def _one_exchange(self, *, sealed: bool) -> Iterator[OneExchange]:
        with self.service() as conn:
            yield cast("OneExchange", conn)

    def _keep(self) -> None:
        self._command(b"release savepoint unit; savepoint unit")

    def _command(self, statements: bytes) -> None:
        result = self._driver.pgconn.exec_(statements)
        assert result.status == pq.ExecStatus.COMMAND_OK, result.error_message
