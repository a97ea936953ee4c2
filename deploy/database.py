"""Which database a command speaks to, from the schema owner's side."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import ArgumentError, OperationalError

from deploy.embedded import POSTGRES_FOLDER
from deploy.postgres import embedded_url
from deploy.problems import DatabaseProblem, SettingsIncomplete
from pipeline.settings import Settings


def owner_url(settings: Settings) -> str:
    """The database that the settings name, or the embedded one of a running `smelt up`.

    Raises SettingsIncomplete when there is neither.
    """
    named = settings.migration_database_url or settings.database_url
    if named is not None:
        return named.get_secret_value()
    folder = settings.data_dir.expanduser().absolute() / POSTGRES_FOLDER
    if not (folder / ".s.PGSQL.5432").exists():
        raise SettingsIncomplete(
            f"set DATABASE_URL, or start the service of {settings.data_dir} by `smelt up`"
        )
    return embedded_url(folder)


@contextmanager
def reaching_postgres() -> Iterator[None]:
    """Raises DatabaseProblem in place of the two libraries' ways to say that Postgres can't be reached."""
    try:
        yield
    except ArgumentError as problem:  # its message doesn't show the URL, which may hold a password
        raise DatabaseProblem("the database's URL can't be read; see DATABASE_URL") from problem
    except OperationalError as problem:
        raise DatabaseProblem(f"Postgres can't be reached: {problem.orig}") from problem
    except psycopg.OperationalError as problem:
        raise DatabaseProblem(f"Postgres can't be reached: {problem}") from problem
