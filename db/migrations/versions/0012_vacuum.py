"""Dead rows of work are cleared away by their number, not by their share of what has ended."""

from db.migrations.sql import run

revision = "0012_vacuum"
down_revision: str | None = "0011_fair_debts"


def upgrade() -> None:
    run("0012_vacuum.up.sql")


def downgrade() -> None:
    run("0012_vacuum.down.sql")
