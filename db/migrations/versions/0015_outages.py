"""A part that waits out an outage says of what."""

from db.migrations.sql import run

revision = "0015_outages"
down_revision: str | None = "0014_newest"


def upgrade() -> None:
    run("0015_outages.up.sql")


def downgrade() -> None:
    run("0015_outages.down.sql")
