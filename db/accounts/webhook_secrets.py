"""Users' secrets for signing webhooks. For the service role."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.profiles import lock_profile
from db.statement import cached_text

OVERLAP = "interval '24 hours'"  # in which the secret before signs as well
MOST_SECRETS = 5  # that sign at once, however often a user makes new ones


def add_secret(
    conn: Connection, user_id: UUID, secret_id: UUID, wrapped: bytes, key_id: str
) -> datetime | None:
    """Stores a new secret; those before go on signing for a day. Returns until when; None: there was none before.

    Locks the user's profile. Raises UserGone.
    """
    lock_profile(conn, user_id)
    values = {"user_id": user_id, "most": MOST_SECRETS - 1}
    conn.execute(
        cached_text(
            f"""
            update webhook_secrets set expires_at = now() + {OVERLAP}
            where user_id = :user_id and expires_at is null
            """
        ),
        values,
    )
    conn.execute(
        cached_text(
            """
            delete from webhook_secrets where user_id = :user_id and (expires_at <= now() or id not in (
                select id from webhook_secrets where user_id = :user_id order by created_at desc, id desc limit :most
            ))
            """
        ),
        values,
    )
    conn.execute(
        cached_text(
            """
            insert into webhook_secrets (id, user_id, ciphertext, key_id) values (:id, :user_id, :wrapped, :key_id)
            """
        ),
        {"id": secret_id, "user_id": user_id, "wrapped": wrapped, "key_id": key_id},
    )
    until: datetime | None = conn.execute(
        cached_text("select max(expires_at) from webhook_secrets where user_id = :user_id"), values
    ).scalar_one()
    return until


def has_secret(conn: Connection, user_id: UUID) -> bool:
    sql = "select exists (select from webhook_secrets where user_id = :id and expires_at is null)"
    return bool(conn.execute(cached_text(sql), {"id": user_id}).scalar_one())
