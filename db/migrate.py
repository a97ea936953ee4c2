"""Brings a database's schema up to date, or down again. Alembic keeps the version; the SQL files are all there is to a
migration, so its modules are made of their names.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import ModuleType

from alembic.migration import MigrationContext
from alembic.runtime.migration import MigrationStep, RevisionStep
from alembic.script import Script
from alembic.script.revision import Revision, RevisionMap
from sqlalchemy import Connection, create_engine, pool, text

from db.migrations import FOLDER, is_unreleased, revisions, role_settings
from db.session import engine_url

# Any constant will do, as long as nothing else in the database uses it.
LOCK = 7_365_109_016
# Outside `public`, whose tables Supabase exposes to clients.
SCHEMA = "smelt_meta"
VERSIONS = {"version_table": "migrations", "version_table_schema": SCHEMA}


class ForeignSchema(Exception):
    """The database has a schema that these migrations don't lead on from. The message says what to do."""


def upgrade(url: str, revision: str = "heads") -> None:
    """`url` must belong to the schema's owner. Safe to run again, and by several at once."""

    def steps(known: RevisionMap, current: tuple[str, ...]) -> Iterator[RevisionStep]:
        found = known.iterate_revisions(revision, current, implicit_base=True)
        return (MigrationStep.upgrade_from_script(known, script) for script in _scripts_of(found)[::-1])

    _migrate(url, steps)


def downgrade(url: str, revision: str = "base") -> None:
    """Drops what the migrations made, with its data; never the `auth` schema or the roles."""

    def steps(known: RevisionMap, current: tuple[str, ...]) -> Iterator[RevisionStep]:
        found = known.iterate_revisions(current, revision, select_for_downgrade=True)
        return (MigrationStep.downgrade_from_script(known, script) for script in _scripts_of(found))

    _migrate(url, steps)


def _migrate(url: str, steps: Callable[[RevisionMap, tuple[str, ...]], Iterable[RevisionStep]]) -> None:
    """In one transaction, under a lock so that two runs take turns. Raises ForeignSchema."""
    with create_engine(engine_url(url), poolclass=pool.NullPool).begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        known = RevisionMap(partial(_scripts, connection))
        options = {**VERSIONS, "fn": lambda current, _: steps(known, current)}
        context = MigrationContext.configure(connection, opts=options)
        for revision in context.get_current_heads():
            _check_known(revision)
        context.run_migrations()
        role_settings.reset(connection)


def _check_known(revision: str) -> None:
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


def _scripts(connection: Connection) -> Iterator[Script]:
    below = None
    for revision in revisions():
        module = ModuleType(revision)
        vars(module).update(
            down_revision=below,
            upgrade=partial(_run, connection, f"{revision}.up.sql"),
            downgrade=partial(_run, connection, f"{revision}.down.sql"),
        )
        yield Script(module, revision, str(FOLDER / f"{revision}.up.sql"))
        below = revision


def _scripts_of(found: Iterator[Revision]) -> list[Script]:
    return [revision for revision in found if isinstance(revision, Script)]


def _run(connection: Connection, name: str) -> None:
    """As it is: many statements, no parameters, nothing interpreted."""
    cursor = connection.connection.cursor()
    cursor.execute((FOLDER / name).read_text("utf-8"))
    cursor.close()
