"""What a tier's allowance still admits, taken under a lock so that a race of posts can't overdraw it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from db import changes
from db.accounts.api_keys import KeyNotValid
from db.accounts.profiles import UserGone
from db.one_exchange import AnyConnection
from db.smelts.platform_use import platform_use, take_platform_use
from db.statement import cached_text
from pipeline.credits import Credits
from pipeline.metrics.accounting import reservations
from pipeline.states import UNCOUNTED, Tier


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
    """By UTC day, but for `weekly_credits`. `uncharged_daily`: smelts of one user or address that may be worked on
    without a charge.

    `key_check_seconds`: after which the provider is asked again about an own API key that is in use. `local_user`: the
    one whose tier is `local`, if the service runs on somebody's own machine.
    """

    anonymous_daily: int
    platform_daily_cap: int
    uncharged_daily: int
    weekly_credits: int
    key_check_seconds: float = 3_600.0
    local_user: UUID | None = None


def reserve(conn: Connection, user_id: UUID | None, tenant: str, tier: Tier, allowances: Allowances) -> None:
    """Takes one smelt from the caller's allowance; the smelt's row is there already.

    On an own key nothing is taken, but the key must still be valid: it may have been removed, or found invalid, since
    the caller's tier was looked up. Nor is anything of the local user's, as long as that is who it is: on a retry the
    tier is the smelt's. Raises Refused, db.accounts.api_keys.KeyNotValid, db.accounts.profiles.UserGone.

    Locks the address's row of today, or the user's profile. Completion charges; what ends otherwise gives back.
    """
    note_reservation(conn, tier)
    refused = conn.execute(
        cached_text(
            """
            select smelt_meta.reserve(:owner, :tenant, cast(:tier as tier), :anonymous_daily, :uncharged_daily, :weekly,
                :key_check_seconds, :local_user)
            """
        ),
        {"owner": user_id, "tenant": tenant, "tier": tier, **values_of(allowances)},
    ).scalar_one()
    refuse(conn, user_id, refused)


def note_reservation(conn: AnyConnection, tier: Tier) -> None:
    changes.count(conn, reservations.labels(tier).inc)


def values_of(allowances: Allowances) -> dict[str, object]:
    """To be bound, but for the platform's cap."""
    return {
        "anonymous_daily": allowances.anonymous_daily,
        "uncharged_daily": allowances.uncharged_daily,
        "weekly": allowances.weekly_credits,
        "key_check_seconds": allowances.key_check_seconds,
        "local_user": allowances.local_user,
    }


def refuse(conn: AnyConnection, user_id: UUID | None, refused: str | None) -> None:
    """Raises what the functions of the database mean by `refused`: Refused, KeyNotValid, UserGone; None: nothing."""
    match refused:
        case None:
            return
        case "key_not_valid":
            raise KeyNotValid
        case "user_gone":
            raise UserGone
        case RefusalCode.CREDITS_EXHAUSTED if user_id is not None:
            raise Refused(RefusalCode.CREDITS_EXHAUSTED, seconds_to_reset(conn, user_id))
        case _:
            raise Refused(RefusalCode(refused), seconds_to_midnight(conn))


def count_for_platform(conn: Connection, tier: Tier, allowances: Allowances) -> None:
    """Takes one smelt from what the platform's own key may do today for its guests. Raises Refused.

    Locks the day's row, which is everybody's: to be called last of all, so that others wait for a commit at the most.
    """
    if tier not in UNCOUNTED and not take_platform_use(conn, allowances.platform_daily_cap):
        refuse(conn, None, RefusalCode.BUSY)


def check_allowance(
    conn: Connection, user_id: UUID | None, tenant: str, tier: Tier, allowances: Allowances
) -> None:
    """A look without locks, to refuse before the body is read. Raises Refused; admission decides."""
    if user_id is None:
        use = conn.execute(cached_text(_USED_TODAY), {"ip_hash": tenant.removeprefix("ip:")}).one_or_none()
        count, given_back = use or (0, 0)
        if count >= allowances.anonymous_daily or given_back >= allowances.uncharged_daily:
            raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))
        _look_at_cap(conn, allowances)
        return
    if tier in UNCOUNTED:
        return
    row = conn.execute(cached_text(_CREDITS), {"user_id": user_id}).one_or_none()
    if row is None:
        return
    if row.uncharged_today >= allowances.uncharged_daily:
        raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))
    held = Credits(row.credits_remaining, row.weekly_credits_max).under(allowances.weekly_credits)
    if held.remaining - count_unfinished(conn, user_id) <= 0:
        raise Refused(RefusalCode.CREDITS_EXHAUSTED, seconds_to_reset(conn, user_id))
    _look_at_cap(conn, allowances)


def count_unfinished(conn: Connection, user_id: UUID) -> int:
    """Smelts on credits that will charge one when they complete."""
    count = conn.execute(
        cached_text(
            """
            select count(*) from smelts where user_id = :user_id and tier = 'credits' and charged_at is null
                and status not in ('completed', 'failed', 'canceled')
            """
        ),
        {"user_id": user_id},
    ).scalar_one()
    return int(count)


def seconds_to_midnight(conn: AnyConnection) -> int:
    """Until the next UTC day."""
    sql = "select ceil(extract(epoch from date_trunc('day', now(), 'utc') + interval '1 day' - now()))"
    [seconds] = conn.execute(cached_text(sql), {}).one()
    return max(1, int(seconds))


def seconds_to_reset(conn: AnyConnection, user_id: UUID) -> int:
    sql = "select ceil(extract(epoch from credits_reset_at - now())) from user_profiles where user_id = :user_id"
    [seconds] = conn.execute(cached_text(sql), {"user_id": user_id}).one()
    return max(1, int(seconds))


UNCHARGED_TODAY = """
    case when uncharged_on = (now() at time zone 'utc')::date then uncharged else 0 end as uncharged_today
"""
_CREDITS = f"""
    select credits_remaining, weekly_credits_max, {UNCHARGED_TODAY} from user_profiles where user_id = :user_id
"""
_USED_TODAY = """
    select count, given_back from anonymous_usage
    where ip_hash = :ip_hash and date_utc = (now() at time zone 'utc')::date
"""


def take_back_anonymous_use(conn: Connection, smelt_id: UUID, tenant: str, allowances: Allowances) -> None:
    """Counts a smelt again that had been given back, on the day that it was admitted. Raises Refused."""
    counted = conn.execute(
        cached_text(
            """
            update anonymous_usage set count = count + 1
            where ip_hash = :ip_hash and date_utc = (select usage_date from smelts where id = :id)
                and count < :daily and given_back < :uncharged
            """
        ),
        {
            "ip_hash": tenant.removeprefix("ip:"),
            "id": smelt_id,
            "daily": allowances.anonymous_daily,
            "uncharged": allowances.uncharged_daily,
        },
    )
    if counted.rowcount != 1:
        raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))


def count_anonymous_retry(conn: Connection, smelt_id: UUID, tenant: str, allowances: Allowances) -> None:
    """Work on a smelt that has its use already. Locks the address's row of that day. Raises Refused."""
    counted = conn.execute(
        cached_text(
            """
            update anonymous_usage set given_back = given_back + 1
            where ip_hash = :ip_hash and date_utc = (select usage_date from smelts where id = :id)
                and given_back < :uncharged
            """
        ),
        {
            "ip_hash": tenant.removeprefix("ip:"),
            "id": smelt_id,
            "uncharged": allowances.uncharged_daily,
        },
    )
    if counted.rowcount != 1:
        raise Refused(RefusalCode.DAILY_LIMIT_REACHED, seconds_to_midnight(conn))


def hold_credits(conn: Connection, user_id: UUID, allowances: Allowances) -> int:
    """The credits that remain, held until the transaction ends. Locks the profile.

    Where the setting has been raised since they were given the profile is filled up: charging takes from what is
    stored, and never below none. Raises Refused when the user had as much work without a charge today as is allowed.
    """
    refused, remaining = conn.execute(
        cached_text(
            "select refused, remaining from smelt_meta.hold_credits(:owner, :uncharged_daily, :weekly)"
        ),
        {"owner": user_id, **values_of(allowances)},
    ).one()
    refuse(conn, user_id, refused)
    return int(remaining)


def _look_at_cap(conn: Connection, allowances: Allowances) -> None:
    if platform_use(conn) >= allowances.platform_daily_cap:
        raise Refused(RefusalCode.BUSY, seconds_to_midnight(conn))
