"""What a caller has used up. For the service role: addresses' counts are nobody's to read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.smelts.reservation import UNCHARGED_TODAY, count_unfinished
from db.statement import cached_text
from pipeline.credits import Credits


@dataclass(frozen=True, slots=True)
class AnonymousUse:
    """`given_back`: smelts of today that ended without a result."""

    used: int
    given_back: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class CreditUse:
    """`credits`: as stored. `reserved`: held by smelts that haven't ended. `uncharged`: smelts that ended without a
    charge this day.
    """

    credits: Credits
    reserved: int
    resets_at: datetime
    uncharged: int
    day_ends_at: datetime


def get_anonymous_use(conn: Connection, tenant: str) -> AnonymousUse:
    row = conn.execute(
        cached_text(
            """
            select coalesce(sum(count), 0), coalesce(sum(given_back), 0),
                date_trunc('day', now(), 'utc') + interval '1 day'
            from anonymous_usage
            where ip_hash = :ip_hash and date_utc = (now() at time zone 'utc')::date
            """
        ),
        {"ip_hash": tenant.removeprefix("ip:")},
    ).one()
    return AnonymousUse(*row)


def get_credit_use(conn: Connection, user_id: UUID) -> CreditUse:
    """Raises NoResultFound for a user without a profile."""
    row = conn.execute(
        cached_text(
            f"""
            select credits_remaining, weekly_credits_max, credits_reset_at, {UNCHARGED_TODAY},
                date_trunc('day', now(), 'utc') + interval '1 day'
            from user_profiles
            where user_id = :user_id
            """
        ),
        {"user_id": user_id},
    ).one()
    return CreditUse(Credits(row[0], row[1]), count_unfinished(conn, user_id), row[2], row[3], row[4])
