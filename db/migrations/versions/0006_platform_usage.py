"""Smelts of the day that were deleted: the platform's daily cap counts them still."""

from db.migrations.sql import run

revision = "0006_platform_usage"
down_revision: str | None = "0005_accounts"


def upgrade() -> None:
    run("0006_platform_usage.up.sql")


def downgrade() -> None:
    run("0006_platform_usage.down.sql")
