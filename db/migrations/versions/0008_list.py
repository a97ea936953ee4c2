"""Lists by status and mode, however rare what is looked for."""

from db.migrations.sql import run

revision = "0008_list"
down_revision: str | None = "0007_webhooks"


def upgrade() -> None:
    run("0008_list.up.sql")


def downgrade() -> None:
    run("0008_list.down.sql")
