"""Smelts of the day on the platform's own key: one count, which deleting a smelt doesn't undo."""

from sqlalchemy import Connection

from db.statement import cached_text

_TODAY = "(now() at time zone 'utc')::date"


def platform_use(conn: Connection) -> int:
    """How many were taken today. Locks nothing."""
    count = conn.execute(
        cached_text(f"select coalesce(sum(taken), 0) from platform_usage where date_utc = {_TODAY}")
    ).scalar_one()
    return int(count)


def take_platform_use(conn: Connection, cap: int) -> bool:
    """Counts one more; False if that would be more than `cap`.

    Locks the day's row until the transaction ends. It is everybody's, so it is the last of all locks, and nothing but
    the commit is to follow.
    """
    return bool(
        conn.execute(cached_text("select smelt_meta.take_platform_use(:cap)"), {"cap": cap}).scalar_one()
    )
