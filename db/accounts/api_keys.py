"""Users' own API keys, wrapped. For the service role: no user role can read a wrapped key."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.profiles import lock_profile
from db.statement import cached_text
from pipeline.states import ApiKeyStatus


@dataclass(frozen=True, slots=True)
class ApiKeyInfo:
    """All that anyone is ever told of a stored key."""

    status: ApiKeyStatus
    last_four: str | None
    validated_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """`wrapped` may change while it stays the same key: rotation wraps it anew. Each put has its own `validated_at`."""

    wrapped: bytes
    validated_at: datetime


@dataclass(frozen=True, slots=True)
class KeyToCheck:
    user_id: UUID
    key: StoredKey


class KeyNotValid(Exception):
    """The user has no API key that is valid at the moment."""


def put_api_key(conn: Connection, user_id: UUID, wrapped: bytes, key_id: str, last_four: str) -> None:
    """Stores a key that the provider has just accepted, in place of an older one. Locks the user's profile.

    Raises UserGone.
    """
    lock_profile(conn, user_id)
    _set_status(conn, user_id, ApiKeyStatus.VALID)
    conn.execute(
        cached_text(
            """
            insert into user_api_keys (user_id, ciphertext, key_id, last_four, validated_at)
            values (:user_id, :wrapped, :key_id, :last_four, now())
            on conflict (user_id) do update set ciphertext = excluded.ciphertext, key_id = excluded.key_id,
                last_four = excluded.last_four, validated_at = now(), checked_at = null, check_at = null,
                updated_at = now()
            """
        ),
        {"user_id": user_id, "wrapped": wrapped, "key_id": key_id, "last_four": last_four},
    )


def get_api_key_info(conn: Connection, user_id: UUID) -> ApiKeyInfo:
    """Raises NoResultFound for a user without a profile."""
    row = conn.execute(
        cached_text(
            """
            select profile.api_key_status, mine.last_four, profile.api_key_validated_at
            from user_profiles profile left join user_api_keys mine using (user_id)
            where user_id = :user_id
            """
        ),
        {"user_id": user_id},
    ).one()
    return ApiKeyInfo(ApiKeyStatus(row[0]), row[1], row[2])


def get_api_key(conn: Connection, user_id: UUID) -> StoredKey | None:
    """None where there is none any more."""
    row = conn.execute(
        cached_text("select ciphertext, validated_at from user_api_keys where user_id = :user_id"),
        {"user_id": user_id},
    ).one_or_none()
    return None if row is None else StoredKey(bytes(row.ciphertext), row.validated_at)


def mark_api_key_invalid(conn: Connection, user_id: UUID, key: StoredKey) -> None:
    """The provider won't have this key any more. A key put meanwhile stays valid.

    Locks the user's profile. Raises UserGone.
    """
    lock_profile(conn, user_id)
    stored = get_api_key(conn, user_id)
    if stored is not None and stored.validated_at == key.validated_at:
        sql = "update user_profiles set api_key_status = 'invalid', updated_at = now() where user_id = :id"
        conn.execute(cached_text(sql), {"id": user_id})
        conn.execute(
            cached_text("update user_api_keys set check_at = null where user_id = :id"), {"id": user_id}
        )


def find_keys_to_check(conn: Connection, limit: int) -> list[KeyToCheck]:
    """Those of which it is time to ask the provider again, the longest due first."""
    rows = conn.execute(
        cached_text(
            """
            select user_id, ciphertext, validated_at from user_api_keys where check_at <= now()
            order by check_at limit :limit
            """
        ),
        {"limit": limit},
    )
    return [KeyToCheck(row.user_id, StoredKey(bytes(row.ciphertext), row.validated_at)) for row in rows]


def note_key_accepted(conn: Connection, user_id: UUID, key: StoredKey) -> None:
    """The provider takes the key still. Locks the key's row; nothing happens to one put meanwhile."""
    conn.execute(
        cached_text(
            """
            update user_api_keys set checked_at = now(), check_at = null
            where user_id = :id and validated_at = :validated_at
            """
        ),
        {"id": user_id, "validated_at": key.validated_at},
    )


def put_off_key_check(conn: Connection, user_id: UUID, key: StoredKey, seconds: float) -> None:
    """Nobody could tell. Locks the key's row; nothing happens to one put meanwhile."""
    conn.execute(
        cached_text(
            """
            update user_api_keys set check_at = now() + make_interval(secs => :seconds)
            where user_id = :id and validated_at = :validated_at
            """
        ),
        {"id": user_id, "validated_at": key.validated_at, "seconds": seconds},
    )


def delete_api_key(conn: Connection, user_id: UUID) -> None:
    """Safe to repeat. Locks the user's profile."""
    _set_status(conn, user_id, ApiKeyStatus.NONE)
    conn.execute(cached_text("delete from user_api_keys where user_id = :user_id"), {"user_id": user_id})


def _set_status(conn: Connection, user_id: UUID, status: ApiKeyStatus) -> None:
    conn.execute(
        cached_text(
            """
            update user_profiles set api_key_status = cast(:status as api_key_status), updated_at = now(),
                api_key_validated_at = case when cast(:status as text) = 'valid' then now() end
            where user_id = :user_id
            """
        ),
        {"user_id": user_id, "status": status.value},
    )
