"""Rows that have had their use: deleted, so that no table grows without end."""

from sqlalchemy import Connection

from db.statement import cached_text

# Addresses' counts matter on their own day, runs while somebody may look at them; a tenant's row of the fair queue is
# needed only while it is ahead of its queue's present, and the largest of a queue always.
_STATEMENTS = (
    "delete from anonymous_usage where date_utc < (now() at time zone 'utc')::date - 7",
    "delete from platform_usage where date_utc < (now() at time zone 'utc')::date - 7",
    "delete from workers where seen_at < now() - interval '1 hour'",  # killed: they said nothing
    "delete from schedule_runs where finished_at < now() - interval '30 days'",
    """
    delete from fair_tenants mine where updated_at < now() - interval '30 days' and exists (
        select from fair_tenants other where other.queue = mine.queue and other.last_tag > mine.last_tag
    )
    """,
)


def forget_old(conn: Connection) -> int:
    """Returns how many rows went."""
    return sum(conn.execute(cached_text(statement)).rowcount for statement in _STATEMENTS)
