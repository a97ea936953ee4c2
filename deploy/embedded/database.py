"""Which database a command speaks to, from the schema owner's side."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from db.migrate import ForeignSchema
from deploy.embedded.engines import POSTGRES_FOLDER
from deploy.embedded.postgres import embedded_url
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


def confirm_drop(url: str, given: str) -> None:
    """Says what would be dropped, and asks for the database's name on stdin, unless it is `given`.

    Raises DatabaseProblem when it isn't that name, or there is nobody to ask; psycopg.OperationalError.
    """
    with psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as conn:
        name, host = conn.info.dbname, conn.info.host
        smelts, users = _held(conn)
    print(
        f"This drops Smelt's tables in the database {name} on {host}: {smelts} smelts and the library, credits and keys"
        f" of {users} users. There is no way back but a backup.",
        file=sys.stderr,
    )
    if not given:
        print("Type the database's name to go on: ", end="", file=sys.stderr, flush=True)
        given = sys.stdin.readline().rstrip("\n")
    if given != name:
        raise DatabaseProblem("that is not the database's name: nothing was dropped")


def _held(conn: psycopg.Connection) -> tuple[int, int]:
    """How many smelts and profiles there are; 0 where the tables aren't. Counted as the service, whom all is shown."""
    if conn.execute("select to_regclass('public.smelts')").fetchone() == (None,):
        return 0, 0
    conn.execute("set local role service_role")
    [(smelts, users)] = conn.execute(
        "select (select count(*) from public.smelts), (select count(*) from public.user_profiles)"
    ).fetchall()
    return int(smelts), int(users)


@contextmanager
def reaching_postgres() -> Iterator[None]:
    """Raises DatabaseProblem in place of the two libraries' ways to say that Postgres can't be reached, and where the
    schema is none to migrate.
    """
    try:
        yield
    except ArgumentError as problem:  # its message doesn't show the URL, which may hold a password
        raise DatabaseProblem("the database's URL can't be read; see DATABASE_URL") from problem
    except OperationalError as problem:
        raise DatabaseProblem(_unreached(problem.orig)) from problem
    except psycopg.OperationalError as problem:
        raise DatabaseProblem(_unreached(problem)) from problem
    except DBAPIError as problem:
        if not isinstance(problem.orig, InsufficientPrivilege):
            raise
        raise DatabaseProblem(_forbidden(problem.orig)) from problem
    except InsufficientPrivilege as problem:
        raise DatabaseProblem(_forbidden(problem)) from problem
    except ForeignSchema as problem:
        raise DatabaseProblem(str(problem)) from problem


def _unreached(problem: BaseException | None) -> str:
    """libpq's words: they name host, role and database, and never the password."""
    words = " ".join(str(problem).split())
    return f"Postgres can't be reached: {words}; see SMELT_MIGRATION_DATABASE_URL and DATABASE_URL"


def _forbidden(problem: InsufficientPrivilege) -> str:
    return (
        f"this login may not do that ({problem.diag.message_primary}): nothing was changed. `smelt migrate` needs the"
        " schema's owner in SMELT_MIGRATION_DATABASE_URL, with CREATEROLE, or with the roles anon, authenticated,"
        " service_role and smelt_app made by a superuser and granted to it with admin option"
    )
