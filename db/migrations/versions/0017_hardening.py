"""A library's limits hold in SQL too, and the service may read the version of its schema."""

from db.migrations.sql import run

revision = "0017_hardening"
down_revision: str | None = "0016_short_outputs"


def upgrade() -> None:
    run("0017_hardening.up.sql")


def downgrade() -> None:
    run("0017_hardening.down.sql")
