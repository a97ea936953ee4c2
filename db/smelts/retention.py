"""Metadata past its time: users' smelts that ended long ago, and what operators did then. For the service role alone.

Visitors' smelts go with their content (`db/smelts/content_keys.py`).
"""

from datetime import timedelta

from sqlalchemy import Connection

from db.statement import cached_text

ACTIONS_KEPT = timedelta(days=30)  # at the least; a policy of the table's holds it too


def delete_ended_smelts(conn: Connection, kept: timedelta, limit: int) -> int:
    """Deletes up to `limit` smelts, parts and all, that ended longer than `kept` ago. Returns how many.

    Not while there is content, nor while a webhook of theirs is still to be sent. Locks their rows, and passes over
    those that others have locked. Nobody is told: who followed one has heard of its end.
    """
    return conn.execute(
        cached_text(
            """
            delete from smelts where id in (
                select id from smelts
                where content_key is null and tier <> 'anonymous' and finished_at < now() - cast(:kept as interval)
                    and not exists (
                        select from webhook_deliveries
                        where smelt_id = smelts.id and status in ('waiting', 'pending', 'processing')
                    )
                order by finished_at limit :limit for update of smelts skip locked
            )
            """
        ),
        {"kept": kept, "limit": limit},
    ).rowcount


def delete_old_actions(conn: Connection, kept: timedelta, limit: int) -> int:
    """Deletes up to `limit` records of operators' acts that are older than `kept`, and than a month. Returns how
    many.
    """
    return conn.execute(
        cached_text(
            """
            delete from admin_actions where id in (
                select id from admin_actions where created_at < now() - cast(:kept as interval)
                order by created_at limit :limit for update skip locked
            )
            """
        ),
        {"kept": max(kept, ACTIONS_KEPT), "limit": limit},
    ).rowcount
