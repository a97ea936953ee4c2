"""What a command of operators works with, and how it ends where it can't."""

import os
import pwd
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from db.admin.actions import Operator
from db.outages import NO_ROLE
from db.session import Database, DatabaseUnavailable, SchemaUnusable
from deploy.cli.running import run_command
from deploy.embedded.database import owner_url
from deploy.problems import DatabaseProblem
from pipeline.settings import Settings
from workers.notifications.queue_notifications import QueueNotifier
from workers.notifications.queues import Queue

LONGEST = timedelta(minutes=2)  # of a statement: what is chosen may be looked for in whole tables
FORBIDDEN = (
    "this login may not act for the service ({}): DATABASE_URL has to name the role smelt_app, or another that"
    " service_role is granted to"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """`notifier`: None without a setting for Redis; then the reconciler notifies, within a second."""

    settings: Settings
    database: Database
    operator: Operator
    notifier: QueueNotifier | None

    def notify(self, pool: str) -> None:
        """That work is claimable since the last commit: of each of the pool's queues. Claims notify for the next."""
        if self.notifier is not None:
            for queue in Queue:
                if queue.pool == pool:
                    self.notifier.notify(queue.actor)


def operate(command: Callable[[Desk], int | None], given_name: str | None = None) -> None:
    """Runs it and ends with its code; with EX_CONFIG and one line, where the service can't be acted for."""

    def run(settings: Settings) -> None:
        with _opened(settings, given_name) as desk, telling_what_is_wrong():
            code = command(desk)
        if code:
            sys.exit(code)

    run_command(run)


@contextmanager
def telling_what_is_wrong() -> Iterator[None]:
    """Raises DatabaseProblem in place of what the session says."""
    try:
        yield
    except SchemaUnusable as problem:
        state = _sqlstate(problem.__cause__)
        if state in NO_ROLE:
            raise DatabaseProblem(FORBIDDEN.format(problem)) from problem
        raise DatabaseProblem(
            f"the schema isn't this service's ({problem}): run `smelt migrate`"
        ) from problem
    except DatabaseUnavailable as problem:
        raise DatabaseProblem(f"Postgres can't be reached ({problem}); see DATABASE_URL") from problem
    except DBAPIError as problem:
        if _sqlstate(problem) not in NO_ROLE:
            raise
        raise DatabaseProblem(FORBIDDEN.format(type(problem.orig).__name__)) from problem


@contextmanager
def _opened(settings: Settings, given_name: str | None) -> Iterator[Desk]:
    named = settings.database_url
    url = owner_url(settings) if named is None else named.get_secret_value()
    redis = settings.redis_url
    notifier = None if redis is None else QueueNotifier(redis.get_secret_value(), settings.redis_namespace)
    database = Database(
        url,
        process="smelt admin",
        pool_size=1,
        statement_timeout=LONGEST,
        on_change=None if notifier is None else notifier.announce,
        on_delivery=None if notifier is None else notifier.notify_webhooks,
    )
    try:
        yield Desk(settings, database, Operator(given_name or _user(), socket.gethostname()), notifier)
    finally:
        database.close()
        if notifier is not None:
            notifier.close()


def _user() -> str:
    """Whom this process runs as: not what its environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container
        return f"uid {os.getuid()}"


def _sqlstate(problem: BaseException | None) -> str | None:
    state = getattr(getattr(problem, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None
