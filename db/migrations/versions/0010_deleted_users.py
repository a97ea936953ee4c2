"""A user who is deleted in `auth.users`, by whomever, is gone altogether."""

from db.migrations.sql import run

revision = "0010_deleted_users"
down_revision: str | None = "0009_platform_use"


def upgrade() -> None:
    run("0010_deleted_users.up.sql")


def downgrade() -> None:
    run("0010_deleted_users.down.sql")
