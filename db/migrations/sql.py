"""Runs a migration's SQL file as it is: many statements, no parameters, nothing interpreted."""

from pathlib import Path

from alembic import op

FOLDER = Path(__file__).parent / "versions"


def run(name: str) -> None:
    cursor = op.get_bind().connection.cursor()
    cursor.execute((FOLDER / name).read_text("utf-8"))
    cursor.close()
