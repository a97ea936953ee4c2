"""Short outputs found without looking at the long ones."""

from db.migrations.sql import run

revision = "0016_short_outputs"
down_revision: str | None = "0015_outages"


def upgrade() -> None:
    run("0016_short_outputs.up.sql")


def downgrade() -> None:
    run("0016_short_outputs.down.sql")
