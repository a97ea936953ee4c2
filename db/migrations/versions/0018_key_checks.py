"""Users' own API keys that are in use are checked with their provider again."""

from db.migrations.sql import run

revision = "0018_key_checks"
down_revision: str | None = "0017_hardening"


def upgrade() -> None:
    run("0018_key_checks.up.sql")


def downgrade() -> None:
    run("0018_key_checks.down.sql")
