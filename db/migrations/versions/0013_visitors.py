"""What is left of visitors' smelts without content can be found, to be deleted."""

from db.migrations.sql import run

revision = "0013_visitors"
down_revision: str | None = "0012_vacuum"


def upgrade() -> None:
    run("0013_visitors.up.sql")


def downgrade() -> None:
    run("0013_visitors.down.sql")
