"""What can go wrong with a webhook: two more error codes."""

from db.migrations.sql import run

revision = "0007_webhooks"
down_revision: str | None = "0006_platform_usage"


def upgrade() -> None:
    run("0007_webhooks.up.sql")


def downgrade() -> None:
    run("0007_webhooks.down.sql")
