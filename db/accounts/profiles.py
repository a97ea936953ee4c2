"""Users' profiles: made at the first sign-in, filled again every week."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from db.statement import cached_text
from pipeline.credits import Credits
from pipeline.states import ApiKeyStatus


class UserGone(Exception):
    """The user's account was deleted in the meantime."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`credits`: as stored; `Credits.under` has what they are worth under the setting of now."""

    user_id: UUID
    credits: Credits
    credits_reset_at: datetime
    api_key_status: ApiKeyStatus
    api_key_validated_at: datetime | None


# How far the clock of the sign-in service may be ahead of the database's.
CLOCKS_APART = timedelta(seconds=10)
NEXT_MONDAY = "date_trunc('week', now(), 'utc') + interval '7 days'"


def get_profile(conn: Connection, user_id: UUID) -> Profile | None:
    row = conn.execute(
        cached_text(
            """
            select user_id, credits_remaining, weekly_credits_max, credits_reset_at, api_key_status,
                api_key_validated_at
            from user_profiles where user_id = :user_id
            """
        ),
        {"user_id": user_id},
    ).one_or_none()
    if row is None:
        return None
    return Profile(row[0], Credits(row[1], row[2]), row[3], ApiKeyStatus(row[4]), row[5])


@dataclass(frozen=True, slots=True)
class SignIn:
    """A verified sign-in. `issued_at`: None where the token doesn't say."""

    user_id: UUID
    email: str | None
    issued_at: datetime | None


def lock_profile(conn: Connection, user_id: UUID) -> None:
    """Locks the profile until the transaction ends; what refers to it may be added meanwhile. Raises UserGone."""
    row = conn.execute(
        cached_text("select from user_profiles where user_id = :user_id for no key update"),
        {"user_id": user_id},
    ).one_or_none()
    if row is None:
        raise UserGone


def ensure_profile(conn: Connection, who: SignIn, weekly_credits: int) -> Profile | None:
    """The user's profile, made if this is the first sign-in; for the service role.

    None: there is no such user, and it isn't ours to make one (Supabase keeps its own users); or the account
    was deleted since this sign-in. A user who comes back afterwards begins without credits until the next reset, else
    deleting an account would fill them.
    """
    profile = get_profile(conn, who.user_id)
    if profile is not None:
        return profile
    deleted_at = _get_deletion(conn, who.user_id)
    if deleted_at is not None:
        if who.issued_at is None or who.issued_at <= deleted_at + CLOCKS_APART:
            return None
        weekly_credits_now = 0
    else:
        weekly_credits_now = weekly_credits
    if keeps_own_users(conn):
        _insert_user(conn, who.user_id, who.email)
    try:
        with conn.begin_nested():
            _insert_profile(conn, who.user_id, weekly_credits_now, weekly_credits)
    except IntegrityError:  # no such user
        return None
    return get_profile(conn, who.user_id)


def reset_credits(conn: Connection, batch: int) -> int:
    """Fills the credits of up to `batch` profiles whose reset is due; returns how many. Locks those profiles.

    Running it twice, late or on several machines changes nothing more: a filled profile isn't due any longer.
    """
    result = conn.execute(
        cached_text(
            f"""
            with due as (
                select user_id from user_profiles where credits_reset_at <= now()
                order by credits_reset_at limit :batch for no key update skip locked
            )
            update user_profiles mine
            set credits_remaining = weekly_credits_max, credits_reset_at = {NEXT_MONDAY}, updated_at = now()
            from due where mine.user_id = due.user_id
            """
        ),
        {"batch": batch},
    )
    return result.rowcount


def keeps_own_users(conn: Connection) -> bool:
    """Whether the auth schema is the one that our migration made."""
    sql = "select has_table_privilege('auth.users', 'insert')"
    return bool(conn.execute(cached_text(sql)).scalar_one())


def _get_deletion(conn: Connection, user_id: UUID) -> datetime | None:
    sql = "select deleted_at from deleted_users where user_hash = sha256(uuid_send(cast(:id as uuid)))"
    deleted_at: datetime | None = conn.execute(cached_text(sql), {"id": user_id}).scalar_one_or_none()
    return deleted_at


def _insert_user(conn: Connection, user_id: UUID, email: str | None) -> None:
    """An address that another user has already is left out: the token's subject says who somebody is."""
    for address in (email, None):
        conn.execute(
            cached_text("insert into auth.users (id, email) values (:id, :email) on conflict do nothing"),
            {"id": user_id, "email": address},
        )


def _insert_profile(conn: Connection, user_id: UUID, credits_now: int, weekly_credits: int) -> None:
    conn.execute(
        cached_text(
            f"""
            insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
            values (:user_id, :now, :weekly, {NEXT_MONDAY}) on conflict (user_id) do nothing
            """
        ),
        {"user_id": user_id, "now": credits_now, "weekly": weekly_credits},
    )
