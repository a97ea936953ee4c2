"""Smelts of the day on the platform's own key: what the daily cap counts, those that were deleted included."""

from sqlalchemy import Connection, text


def count_today(conn: Connection) -> int:
    """Locks nothing: posts at the very same moment don't see each other."""
    count = conn.execute(
        text(
            """
            select (
                select count(*) from smelts
                where usage_date = (now() at time zone 'utc')::date and tier <> 'own_key'
            ) + coalesce((
                select deleted from platform_usage where date_utc = (now() at time zone 'utc')::date
            ), 0)
            """
        )
    ).scalar_one()
    return int(count)


def delete_counted(conn: Connection, where: str, values: dict[str, object]) -> int:
    """Deletes the smelts `where` (a constant condition), parts and all; returns how many.

    Those of today stay counted. Locks their rows, then the day's; nothing is to be locked after that.
    """
    count = conn.execute(
        text(
            f"""
            with gone as (delete from smelts where {where} returning usage_date, tier),
            noted as (
                insert into platform_usage as mine (date_utc, deleted)
                select usage_date, count(*) from gone
                where tier <> 'own_key' and usage_date = (now() at time zone 'utc')::date group by usage_date
                on conflict (date_utc) do update set deleted = mine.deleted + excluded.deleted
            )
            select count(*) from gone
            """
        ),
        values,
    ).scalar_one()
    return int(count)
