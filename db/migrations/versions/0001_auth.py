"""Supabase's auth schema and roles, where they are missing."""

from db.migrations.sql import run

revision = "0001_auth"
down_revision: str | None = None


def upgrade() -> None:
    run("0001_auth.up.sql")


def downgrade() -> None:
    run("0001_auth.down.sql")
