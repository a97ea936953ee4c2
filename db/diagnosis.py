"""What `smelt doctor` asks of a database that is reachable and migrated. Reads only, and locks nothing."""

import time
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.rewrap import WRAPPED
from db.readiness import opens
from db.session import Database
from db.statement import cached_text
from pipeline.checks import NotReady
from pipeline.content.keyring import KeyRing

OLDEST = 15  # Postgres's major version
MOST_SKEW = 2.0  # seconds


def version(database: Database) -> str:
    with database.service() as conn:
        found = str(conn.execute(cached_text("show server_version")).scalar_one())
    if int(found.split(".", maxsplit=1)[0]) < OLDEST:
        raise NotReady(f"Postgres is version {found}: {OLDEST} or newer is needed.")
    return f"Postgres {found}"


def login(database: Database) -> str:
    """It must be bound by row-level security, as whoever steals it would be: no superuser, and no owner."""
    with database.service() as conn:
        row = conn.execute(
            cached_text(
                """
                select rolname, rolsuper or rolbypassrls as unbound,
                    exists (select from pg_class where oid = 'smelts'::regclass and relowner = pg_roles.oid) as owns
                from pg_roles where rolname = session_user
                """
            )
        ).one()
    if row.unbound or row.owns:
        raise NotReady(
            "DATABASE_URL logs in as a superuser or as the schema's owner, whom row-level security doesn't bind:"
            " use the role smelt_app there, and the owner in SMELT_MIGRATION_DATABASE_URL alone.",
            row.rolname,
        )
    return f"logs in as {row.rolname}, which owns nothing"


def policies(database: Database) -> str:
    with database.service() as conn:
        rows = conn.execute(
            cached_text(
                """
                select relname, relrowsecurity and relforcerowsecurity as forced from pg_class
                where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
                    and relowner = (select relowner from pg_class where oid = 'smelts'::regclass)
                """
            )
        ).all()
    if loose := sorted(row.relname for row in rows if not row.forced):
        raise NotReady(
            "Row-level security is not enabled and forced on every table: as the schema's owner, run"
            " `alter table … enable row level security, force row level security`.",
            ", ".join(loose),
        )
    return f"row-level security is forced on {len(rows)} tables"


def clock(database: Database) -> str:
    with database.service() as conn:
        sent = time.time()
        theirs = float(conn.execute(cached_text("select extract(epoch from clock_timestamp())")).scalar_one())
        skew = theirs - (sent + time.time()) / 2
    if abs(skew) > MOST_SKEW:
        raise NotReady(
            f"This machine's clock and Postgres's are {abs(skew):.1f} s apart: let both keep the time (NTP)."
        )
    return f"the clocks are {abs(skew):.1f} s apart"


def pooler(database: Database) -> str:
    """One in statement mode lets no transaction through, so whoever comes here has another, or none."""
    with database.service() as conn:
        pid = conn.execute(cached_text("select pg_backend_pid()")).scalar_one()
        ours = conn.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    if pid == ours:
        return "connected directly"
    return "behind a pooler, in transaction mode or session mode: both will do"


def keys(database: Database, keyring: KeyRing) -> str:
    """One secret of each key that wraps any, in each table. Reads them all."""
    seen = 0
    with database.service() as conn:
        for wrapped in WRAPPED:
            found = _samples(conn, wrapped.table, wrapped.id, wrapped.column)
            for row_id, secret in found:
                opens(keyring, secret, wrapped.context(row_id))
            seen += len(found)
    return (
        f"opens what each of {seen} keys has wrapped" if seen else "there is nothing yet that it has to open"
    )


def _samples(conn: Connection, table: str, row_id: str, column: str) -> list[tuple[UUID, bytes]]:
    rows = conn.execute(
        cached_text(
            f"""
            select distinct on (substring({column} from 3 for get_byte({column}, 1))) {row_id}, {column}
            from {table} where {column} is not null
            """
        )
    )
    return [(row[0], bytes(row[1])) for row in rows]
