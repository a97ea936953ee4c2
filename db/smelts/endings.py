"""Which smelts have ended: asked for many at once, and often."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from db.statement import cached_text


def find_unfinished(conn: Connection, smelt_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the smelts that exist and haven't ended. For the service role; locks nothing."""
    rows = conn.execute(
        cached_text(
            "select id from smelts where id = any (:ids) and status not in ('completed', 'failed', 'canceled')"
        ),
        {"ids": list(smelt_ids)},
    )
    return {row.id for row in rows}
