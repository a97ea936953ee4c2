"""Deleted users' tombstones, and what a user or an address was given back in a day."""

from db.migrations.sql import run

revision = "0005_accounts"
down_revision: str | None = "0004_library_order"


def upgrade() -> None:
    run("0005_accounts.up.sql")


def downgrade() -> None:
    run("0005_accounts.down.sql")
