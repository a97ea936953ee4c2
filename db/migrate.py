"""Brings a database's schema up to date, or down again, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from db.session import engine_url


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = engine_url(url)
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """`url` must belong to the schema's owner. Safe to run again, and by several at once."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Drops what the migrations made, with its data; never the `auth` schema or the roles."""
    command.downgrade(_config(url), revision)
