"""Positions in a user's library can't repeat."""

from db.migrations.sql import run

revision = "0004_library_order"
down_revision: str | None = "0003_policies"


def upgrade() -> None:
    run("0004_library_order.up.sql")


def downgrade() -> None:
    run("0004_library_order.down.sql")
