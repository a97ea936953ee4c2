"""Users' machine tokens. Only hashes are stored; for the service role, except where said."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from db.accounts.profiles import lock_profile
from db.statement import cached_text

MOST_TOKENS = 50  # of one user


class TooManyTokens(Exception):
    """The user has as many tokens as are allowed."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """`last_used_at` is right to the minute."""

    id: UUID
    name: str
    last_four: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


_COLUMNS = "id, name, last_four, created_at, expires_at, last_used_at"


def create_token(
    conn: Connection,
    user_id: UUID,
    *,
    token_hash: bytes,
    name: str,
    last_four: str,
    expires_at: datetime | None,
) -> ApiToken:
    """Locks the user's profile, so that a race of posts makes no more than `MOST_TOKENS`. Raises TooManyTokens,
    UserGone.
    """
    lock_profile(conn, user_id)
    count = conn.execute(
        cached_text("select count(*) from api_tokens where user_id = :id"), {"id": user_id}
    ).scalar_one()
    if count >= MOST_TOKENS:
        raise TooManyTokens
    row = conn.execute(
        cached_text(
            f"""
            insert into api_tokens (id, user_id, token_hash, name, last_four, expires_at)
            values (:id, :user_id, :token_hash, :name, :last_four, :expires_at) returning {_COLUMNS}
            """
        ),
        {
            "id": uuid7(),
            "user_id": user_id,
            "token_hash": token_hash,
            "name": name,
            "last_four": last_four,
            "expires_at": expires_at,
        },
    ).one()
    return ApiToken(*row)


def list_tokens(conn: Connection, user_id: UUID) -> list[ApiToken]:
    """Newest first, expired ones too. Run as that user."""
    rows = conn.execute(
        cached_text(
            f"select {_COLUMNS} from api_tokens where user_id = :user_id order by created_at desc, id desc"
        ),
        {"user_id": user_id},
    )
    return [ApiToken(*row) for row in rows]


def delete_token(conn: Connection, user_id: UUID, token_id: UUID) -> bool:
    """From the commit on the token opens nothing. Locks its row."""
    result = conn.execute(
        cached_text("delete from api_tokens where id = :id and user_id = :user_id"),
        {"id": token_id, "user_id": user_id},
    )
    return result.rowcount == 1


def use_token(conn: Connection, token_hash: bytes) -> UUID | None:
    """Whose token this is, if it is one that hasn't expired. Locks its row when its last use is a minute old.

    Looked up by hash, so no comparison tells how near a guess was.
    """
    row = conn.execute(
        cached_text(
            """
            select id, user_id, coalesce(last_used_at < now() - interval '1 minute', true) as stale
            from api_tokens where token_hash = :hash and coalesce(expires_at > now(), true)
            """
        ),
        {"hash": token_hash},
    ).one_or_none()
    if row is None:
        return None
    if row.stale:
        conn.execute(cached_text("update api_tokens set last_used_at = now() where id = :id"), {"id": row.id})
    user_id: UUID = row.user_id
    return user_id


def find_owner(conn: Connection, token_hash: bytes) -> UUID | None:
    """Whose token this is, if it is one that hasn't expired. Notes no use."""
    owner: UUID | None = conn.execute(
        cached_text(
            "select user_id from api_tokens where token_hash = :hash and coalesce(expires_at > now(), true)"
        ),
        {"hash": token_hash},
    ).scalar_one_or_none()
    return owner


def find_live_tokens(conn: Connection, hashes: Collection[bytes]) -> set[bytes]:
    """Those of the hashes whose token is there still and hasn't expired. Notes no use."""
    rows = conn.execute(
        cached_text(
            "select token_hash from api_tokens where token_hash = any (:hashes) and coalesce(expires_at > now(), true)"
        ),
        {"hashes": list(hashes)},
    )
    return {bytes(row.token_hash) for row in rows}
