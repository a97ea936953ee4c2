"""Placeholder."""

from db.migrations.sql import run

revision = "0017_hardening"
down_revision: str | None = "0016_short_outputs"


def upgrade() -> None:
    run("0017_hardening.up.sql")


def downgrade() -> None:
    run("0017_hardening.down.sql")
