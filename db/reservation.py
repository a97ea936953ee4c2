"""What a tier's allowance still admits, taken under a lock so that a race of posts can't overdraw it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, text

from pipeline.states import Tier


class RefusalCode(StrEnum):
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    CREDITS_EXHAUSTED = "credits_exhausted"
    BUSY = "busy"


class Refused(Exception):
    """The allowance is used up. `retry_after`: seconds until it is renewed."""

    def __init__(self, code: RefusalCode, retry_after: int) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Allowances:
    anonymous_daily: int
    platform_daily_cap: int


def reserve(conn: Connection, user_id: UUID | None, tenant: str, tier: Tier, allowances: Allowances) -> None:
    """Takes one smelt from the caller's allowance; the smelt's row is inserted already. Raises Refused.

    Locks the address's row of today, or the user's profile. Completion charges; what ends otherwise gives back.
    """
    if tier is Tier.ANONYMOUS:
        _count_anonymous_use(conn, tenant, allowances.anonymous_daily)
    elif tier is Tier.CREDITS and user_id is not None:
        _reserve_credit(conn, user_id)
    if tier is not Tier.OWN_KEY:
        _check_platform_cap(conn, allowances.platform_daily_cap)


def check_allowance(conn: Connection, user_id: UUID | None, tenant: str, allowances: Allowances) -> None:
    """A look without locks, to refuse before the body is read. Raises Refused; `reserve` decides."""
    if user_id is None:
        used = conn.execute(text(_USED_TODAY), {"ip_hash": tenant.removeprefix("ip:")}).scalar_one_or_none()
        if (used or 0) >= allowances.anonymous_daily:
            raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))
        return
    row = conn.execute(
        text("select credits_remaining, api_key_status from user_profiles where user_id = :user_id"),
        {"user_id": user_id},
    ).one_or_none()
    if row is None or row.api_key_status == "valid":
        return
    if row.credits_remaining - count_unfinished(conn, user_id) <= 0:
        raise Refused(RefusalCode.CREDITS_EXHAUSTED, seconds_to_reset(conn, user_id))


def count_unfinished(conn: Connection, user_id: UUID) -> int:
    """Smelts on credits that will charge one when they complete."""
    count = conn.execute(
        text(
            """
            select count(*) from smelts where user_id = :user_id and tier = 'credits' and charged_at is null
                and status not in ('completed', 'failed', 'canceled')
            """
        ),
        {"user_id": user_id},
    ).scalar_one()
    return int(count)


def seconds_to_midnight(conn: Connection) -> int:
    """Until the next UTC day."""
    sql = "select ceil(extract(epoch from date_trunc('day', now(), 'utc') + interval '1 day' - now()))"
    return max(1, int(conn.execute(text(sql)).scalar_one()))


def seconds_to_reset(conn: Connection, user_id: UUID) -> int:
    sql = "select ceil(extract(epoch from credits_reset_at - now())) from user_profiles where user_id = :user_id"
    return max(1, int(conn.execute(text(sql), {"user_id": user_id}).scalar_one()))


_USED_TODAY = """
    select count from anonymous_usage
    where ip_hash = :ip_hash and date_utc = (now() at time zone 'utc')::date
"""


def _count_anonymous_use(conn: Connection, tenant: str, daily: int) -> None:
    counted = conn.execute(
        text(
            """
            insert into anonymous_usage as mine (ip_hash, date_utc, count)
            select :ip_hash, (now() at time zone 'utc')::date, 1 where :daily > 0
            on conflict (ip_hash, date_utc) do update set count = mine.count + 1 where mine.count < :daily
            returning count
            """
        ),
        {"ip_hash": tenant.removeprefix("ip:"), "daily": daily},
    ).one_or_none()
    if counted is None:
        raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))


def take_back_anonymous_use(conn: Connection, smelt_id: UUID, tenant: str, daily: int) -> None:
    """Counts a smelt again that had been given back, on the day that it was admitted. Raises Refused."""
    counted = conn.execute(
        text(
            """
            update anonymous_usage set count = count + 1
            where ip_hash = :ip_hash and date_utc = (select usage_date from smelts where id = :id)
                and count < :daily
            """
        ),
        {"ip_hash": tenant.removeprefix("ip:"), "id": smelt_id, "daily": daily},
    )
    if counted.rowcount != 1:
        raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))


def _reserve_credit(conn: Connection, user_id: UUID) -> None:
    remaining = conn.execute(
        text("select credits_remaining from user_profiles where user_id = :user_id for update"),
        {"user_id": user_id},
    ).scalar_one()
    # The new smelt is among the unfinished already, so all of them together may use up what remains.
    if count_unfinished(conn, user_id) > remaining:
        raise Refused(RefusalCode.CREDITS_EXHAUSTED, seconds_to_reset(conn, user_id))


def _check_platform_cap(conn: Connection, cap: int) -> None:
    used = conn.execute(
        text(
            """
            select count(*) from smelts
            where usage_date = (now() at time zone 'utc')::date and tier <> 'own_key'
            """
        )
    ).scalar_one()
    if used > cap:
        raise Refused(RefusalCode.BUSY, seconds_to_midnight(conn))
