"""What a user should know about how a recording was heard; and two more reasons why it couldn't be."""

from db.migrations.sql import run

revision = "0019_file_warnings"
down_revision: str | None = "0018_key_checks"


def upgrade() -> None:
    run("0019_file_warnings.up.sql")


def downgrade() -> None:
    run("0019_file_warnings.down.sql")
