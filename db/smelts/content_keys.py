"""Wrapped content keys, and the moment at which they are destroyed. For the service role alone."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.locks import lock_smelt
from db.smelts.settlement import cancel_parts, settle
from db.statement import cached_text
from pipeline.states import ErrorCode, SmeltStatus, Tier

# A visitor's smelt stays for so long after its content was deleted: a client that had no answer may ask again.
METADATA_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Expired:
    smelt_id: UUID
    tier: Tier


def get_content_key(conn: Connection, smelt_id: UUID) -> bytes | None:
    """The wrapped key; None once the content is deleted, or ought to be: nobody has to have come by to do it."""
    key = conn.execute(
        cached_text("select content_key from smelts where id = :id and content_expires_at > now()"),
        {"id": smelt_id},
    ).scalar_one_or_none()
    return None if key is None else bytes(key)


@dataclass(frozen=True, slots=True)
class Wrapped:
    smelt_id: UUID
    wrapped: bytes


def get_latest_key(conn: Connection) -> Wrapped | None:
    """Of the smelt whose content stays longest: of those that were admitted last. Reads one row by an index."""
    row = conn.execute(
        cached_text(
            """
            select id, content_key from smelts where content_key is not null
            order by content_expires_at desc limit 1
            """
        )
    ).one_or_none()
    return None if row is None else Wrapped(row.id, bytes(row.content_key))


def find_expired_content(conn: Connection, limit: int) -> list[Expired]:
    """Smelts whose content is past its deadline, and visitors' whose content was deleted before. Locks nothing."""
    rows = conn.execute(
        cached_text(
            """
            (select id, tier from smelts where content_key is not null and content_expires_at <= now()
            order by content_expires_at limit :limit)
            union all
            (select id, tier from smelts
            where tier = 'anonymous' and content_key is null and content_expires_at <= now() - :kept
            order by content_expires_at limit :limit)
            limit :limit
            """
        ),
        {"limit": limit, "kept": METADATA_KEPT},
    )
    return [Expired(row.id, Tier(row.tier)) for row in rows]


def destroy_key(conn: Connection, smelt_id: UUID) -> None:
    """From here on nothing of the smelt's content can be read. Locks its row.

    A smelt that never came to an end fails with `content_expired`: its deadline is also its own.
    """
    smelt = lock_smelt(conn, smelt_id)
    if smelt is None:
        return
    if not smelt.status.terminal:
        cancel_parts(conn, smelt)
        settle(conn, smelt, SmeltStatus.FAILED, ErrorCode.CONTENT_EXPIRED)
    conn.execute(
        cached_text(
            """
            update smelts set content_key = null, content_deleted_at = now(), version = version + 1,
                content_expires_at = least(content_expires_at, now()), updated_at = now()
            where id = :id and content_key is not null
            """
        ),
        {"id": smelt_id},
    )
    changes.note(conn, smelt_id)


def delete_smelt(conn: Connection, smelt_id: UUID) -> bool:
    """The metadata too, parts and all."""
    changes.note(conn, smelt_id)
    deleted = conn.execute(cached_text("delete from smelts where id = :id"), {"id": smelt_id})
    return deleted.rowcount == 1


def find_missing(conn: Connection, smelt_ids: list[UUID]) -> set[UUID]:
    """Those of the ids that have no smelt, or whose smelt has no key any more: their objects are garbage."""
    rows = conn.execute(
        cached_text(
            """
            select wanted.id from unnest(cast(:ids as uuid[])) wanted (id)
            left join smelts on smelts.id = wanted.id where smelts.content_key is null
            """
        ),
        {"ids": smelt_ids},
    )
    return {row.id for row in rows}
