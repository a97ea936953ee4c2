"""Grants and row-level security."""

from db.migrations.sql import run

revision = "0003_policies"
down_revision: str | None = "0002_tables"


def upgrade() -> None:
    run("0003_policies.up.sql")


def downgrade() -> None:
    run("0003_policies.down.sql")
