"""Types, tables, checks and indexes."""

from db.migrations.sql import run

revision = "0002_tables"
down_revision: str | None = "0001_auth"


def upgrade() -> None:
    run("0002_tables.up.sql")


def downgrade() -> None:
    run("0002_tables.down.sql")
