"""Users' profiles: made at the first sign-in, filled again every week."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from pipeline.states import ApiKeyStatus


@dataclass(frozen=True, slots=True)
class Profile:
    user_id: UUID
    credits_remaining: int
    weekly_credits_max: int
    credits_reset_at: datetime
    api_key_status: ApiKeyStatus
    api_key_validated_at: datetime | None


NEXT_MONDAY = "date_trunc('week', now(), 'utc') + interval '7 days'"


def get_profile(conn: Connection, user_id: UUID) -> Profile | None:
    row = conn.execute(
        text(
            """
            select user_id, credits_remaining, weekly_credits_max, credits_reset_at, api_key_status,
                api_key_validated_at
            from user_profiles where user_id = :user_id
            """
        ),
        {"user_id": user_id},
    ).one_or_none()
    return None if row is None else Profile(row[0], row[1], row[2], row[3], ApiKeyStatus(row[4]), row[5])


def ensure_profile(conn: Connection, user_id: UUID, email: str | None, weekly_credits: int) -> Profile | None:
    """The user's profile, made if this is the first sign-in; for the service role.

    None: there is no such user, and it isn't ours to make one (Supabase keeps its own users).
    """
    profile = get_profile(conn, user_id)
    if profile is not None:
        return profile
    if _keeps_own_users(conn):
        _insert_user(conn, user_id, email)
    try:
        with conn.begin_nested():
            _insert_profile(conn, user_id, weekly_credits)
    except IntegrityError:  # no such user
        return None
    return get_profile(conn, user_id)


def reset_credits(conn: Connection, batch: int) -> int:
    """Fills the credits of up to `batch` profiles whose reset is due; returns how many. Locks those profiles.

    Running it twice, late or on several machines changes nothing more: a filled profile isn't due any longer.
    """
    result = conn.execute(
        text(
            f"""
            with due as (
                select user_id from user_profiles where credits_reset_at <= now()
                order by credits_reset_at limit :batch for update skip locked
            )
            update user_profiles mine
            set credits_remaining = weekly_credits_max, credits_reset_at = {NEXT_MONDAY}, updated_at = now()
            from due where mine.user_id = due.user_id
            """
        ),
        {"batch": batch},
    )
    return result.rowcount


def _keeps_own_users(conn: Connection) -> bool:
    """Whether the auth schema is the one that our migration made."""
    sql = "select has_table_privilege('auth.users', 'insert')"
    return bool(conn.execute(text(sql)).scalar_one())


def _insert_user(conn: Connection, user_id: UUID, email: str | None) -> None:
    conn.execute(
        text("insert into auth.users (id, email) values (:id, :email) on conflict do nothing"),
        {"id": user_id, "email": email},
    )


def _insert_profile(conn: Connection, user_id: UUID, weekly_credits: int) -> None:
    conn.execute(
        text(
            f"""
            insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
            values (:user_id, :credits, :credits, {NEXT_MONDAY}) on conflict (user_id) do nothing
            """
        ),
        {"user_id": user_id, "credits": weekly_credits},
    )
