"""`smelt migrate`: the schema up, down, or only looked at."""

import sys

from db import migrate
from db.migration_status import status
from db.migrations import FOLDER
from deploy.embedded.database import confirm_drop, owner_url, reaching_postgres
from deploy.problems import DatabaseProblem
from pipeline.settings import Settings


def bring_up(settings: Settings) -> None:
    """Raises DatabaseProblem, SettingsIncomplete, as the others."""
    url = owner_url(settings)
    with reaching_postgres():
        migrate.upgrade(url)


def bring_down(settings: Settings, database: str) -> None:
    url = owner_url(settings)
    with reaching_postgres():
        confirm_drop(url, database)
        migrate.downgrade(url)


def show_status(settings: Settings) -> None:
    """Exits with 1 unless the schema is this service's."""
    url = owner_url(settings)
    with reaching_postgres():
        found = status(url)
    print(f"the schema is at {found.last}" if found.last else "there is no schema yet")
    if not found.known:
        raise DatabaseProblem(
            f"the schema ({found.last}) is unknown to this service; `smelt migrate` says more"
        )
    for revision in found.pending:
        print(f"not run yet: {revision}")
    if found.pending:
        sys.exit(1)


def show_sql(settings: Settings) -> None:
    """Prints what would be run, as it would be."""
    url = owner_url(settings)
    with reaching_postgres():
        found = status(url)
    for revision in found.pending:
        print(f"-- {revision}")
        print((FOLDER / f"{revision}.up.sql").read_text("utf-8"))
    print(f"-- nothing was changed; {len(found.pending)} migrations would be run", file=sys.stderr)
