"""The platform's daily cap as one count, exact under race."""

from db.migrations.sql import run

revision = "0009_platform_use"
down_revision: str | None = "0008_list"


def upgrade() -> None:
    run("0009_platform_use.up.sql")


def downgrade() -> None:
    run("0009_platform_use.down.sql")
