"""Alembic's entry: runs the migrations in one transaction, under a lock so that two runs take turns."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from db.migrations import role_settings

# Any constant will do, as long as nothing else in the database uses it.
LOCK = 7_365_109_016
# Outside `public`, whose tables Supabase exposes to clients.
SCHEMA = "smelt_meta"

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    connection.execute(text(f"create schema if not exists {SCHEMA}"))
    context.configure(connection=connection, version_table="migrations", version_table_schema=SCHEMA)
    context.run_migrations()
    role_settings.reset(connection)
    connection.commit()
engine.dispose()
