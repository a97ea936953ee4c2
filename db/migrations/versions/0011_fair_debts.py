"""What a tenant used beyond its estimates, and short recordings found without looking at the long ones."""

from db.migrations.sql import run

revision = "0011_fair_debts"
down_revision: str | None = "0010_deleted_users"


def upgrade() -> None:
    run("0011_fair_debts.up.sql")


def downgrade() -> None:
    run("0011_fair_debts.down.sql")
