"""A user's smelts, newest first, have an index whoever asks for them."""

from db.migrations.sql import run

revision = "0014_newest"
down_revision: str | None = "0013_visitors"


def upgrade() -> None:
    run("0014_newest.up.sql")


def downgrade() -> None:
    run("0014_newest.down.sql")
