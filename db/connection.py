"""Connections that no silence of the server's can hang.

Limits that the server keeps aren't heard of where packets vanish, and the kernel notices only what its own peer leaves
unacknowledged: behind a pooler or a balancer that still answers, a call would wait for ever.
"""

import select
import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event

CONNECT_SECONDS = 5  # seconds; for the first exchange of a transaction too, which is a look at the connection
BELIEVED_SECONDS = 1.0  # after its last answer, in which a connection is taken for alive
LOOK_SECONDS = 0.1  # between two looks for signals, psycopg's own
# A dead or cut-off server is noticed within seconds instead of the kernel's quarter of an hour.
CONNECT_ARGS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "prepare_threshold": None,  # named statements don't survive a transaction-mode pooler
}
# And so is a dead or cut-off client, whose session would keep its place for two hours. Not in the options of the
# connection: a pooler refuses those. The last two are as they are by default, whatever the role's settings say.
SESSION_SETTINGS = """
    select set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
        set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '25s', false),
        set_config('row_security', 'on', false), set_config('datestyle', 'ISO', false)
"""

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up an exchange, and itself, after `exchange_seconds` seconds, with psycopg.OperationalError."""

    exchange_seconds: float = CONNECT_SECONDS
    used_at: float = float("-inf")  # when it last answered, by the monotonic clock

    @property
    def believed(self) -> bool:
        """Whether it was alive a moment ago, and no word of its end has come since: a server that stops closes it."""
        if time.monotonic() - self.used_at > BELIEVED_SECONDS or self.closed:
            return False
        waiting = select.poll()
        waiting.register(self.pgconn.socket, select.POLLIN)
        return not waiting.poll(0)

    def wait(self, gen: PQGen[T], interval: float = LOOK_SECONDS, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, self.exchange_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may come yet, and would be taken for that to the next question
            raise


def bound(engine: Engine) -> None:
    """Makes all connections of this engine such."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, args: list[Any], options: dict[str, Any]) -> object:
        return BoundedConnection.connect(*args, **options)

    @event.listens_for(engine, "connect")
    def _settle(connection: BoundedConnection, _record: object) -> None:
        connection.autocommit = True  # the begin is ours (`db/opening.py`)
        connection.execute(SESSION_SETTINGS)
