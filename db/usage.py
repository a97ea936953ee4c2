"""What a caller has used up. For the service role: addresses' counts are nobody's to read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from db.reservation import count_unfinished


@dataclass(frozen=True, slots=True)
class AnonymousUse:
    used: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class CreditUse:
    """`reserved`: held by smelts that haven't ended."""

    remaining: int
    weekly_max: int
    reserved: int
    resets_at: datetime


def get_anonymous_use(conn: Connection, tenant: str) -> AnonymousUse:
    row = conn.execute(
        text(
            """
            select coalesce((
                select count from anonymous_usage
                where ip_hash = :ip_hash and date_utc = (now() at time zone 'utc')::date
            ), 0), date_trunc('day', now(), 'utc') + interval '1 day'
            """
        ),
        {"ip_hash": tenant.removeprefix("ip:")},
    ).one()
    return AnonymousUse(*row)


def get_credit_use(conn: Connection, user_id: UUID) -> CreditUse:
    """Raises NoResultFound for a user without a profile."""
    row = conn.execute(
        text(
            """
            select credits_remaining, weekly_credits_max, credits_reset_at from user_profiles
            where user_id = :user_id
            """
        ),
        {"user_id": user_id},
    ).one()
    return CreditUse(row[0], row[1], count_unfinished(conn, user_id), row[2])
