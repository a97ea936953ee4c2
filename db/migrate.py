"""Brings a database's schema up to date, or down again, by the SQL files of `db/migrations/`, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, pool, text

from db.migrations import FOLDER, is_unreleased, revisions, role_settings
from db.session import engine_url

# Any constant will do, as long as nothing else in the database uses it.
LOCK = 7_365_109_016
# Outside `public`, whose tables Supabase exposes to clients. One row, the last migration's; none: there is no schema.
SCHEMA = "smelt_meta"
TABLE = f"{SCHEMA}.migrations"
COLUMN = "version_num varchar(32), constraint migrations_pkc primary key (version_num)"


class ForeignSchema(Exception):
    """The database has a schema that these migrations don't lead on from. The message says what to do."""


def upgrade(url: str, revision: str | None = None) -> None:
    """Up to `revision`, or to the newest. `url` must belong to the schema's owner. Safe to run again, and by several
    at once. Raises ForeignSchema.
    """
    with _migrating(url) as (connection, done):
        wanted = len(revisions()) if revision is None else _count(revision)
        for step in range(done, wanted):
            _run(connection, f"{revisions()[step]}.up.sql")
            _note(connection, step + 1)


def downgrade(url: str, revision: str | None = None) -> None:
    """Drops what the migrations behind `revision` made, or all of them, with its data; never the `auth` schema or the
    roles. Raises ForeignSchema.
    """
    with _migrating(url) as (connection, done):
        for step in range(done, 0 if revision is None else _count(revision), -1):
            _run(connection, f"{revisions()[step - 1]}.down.sql")
            _note(connection, step - 1)


@contextmanager
def _migrating(url: str) -> Iterator[tuple[Connection, int]]:
    """One transaction, under a lock so that two runs take turns; and how many migrations the database has run."""
    with create_engine(engine_url(url), poolclass=pool.NullPool).begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        connection.execute(text(f"create table if not exists {TABLE} ({COLUMN})"))
        last = connection.execute(text(f"select version_num from {TABLE}")).scalar_one_or_none()
        yield connection, 0 if last is None else _count(last)
        role_settings.reset(connection)


def _count(revision: str) -> int:
    """How many migrations there are up to this one. Raises ForeignSchema."""
    if is_unreleased(revision):
        raise ForeignSchema(
            f"the database's schema ({revision}) is from before the first release, and can't be brought up to date:"
            " nothing was changed. Export what is to be kept (`GET /v1/account/export`, with the service that made it),"
            " make a new database, or name a new SMELT_DATA_DIR, and run `smelt migrate` on it"
        )
    if revision not in revisions():
        raise ForeignSchema(
            f"the database's schema ({revision}) is newer than this service and unknown to it: nothing was changed."
            " Run the newer service's `smelt migrate`"
        )
    return revisions().index(revision) + 1


def _run(connection: Connection, name: str) -> None:
    """As it is: many statements, no parameters, nothing interpreted."""
    cursor = connection.connection.cursor()
    cursor.execute((FOLDER / name).read_text("utf-8"))
    cursor.close()


def _note(connection: Connection, count: int) -> None:
    connection.execute(text(f"delete from {TABLE}"))
    if count:
        connection.execute(
            text(f"insert into {TABLE} values (:revision)"), {"revision": revisions()[count - 1]}
        )
