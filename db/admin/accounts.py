"""Users' credits and tiers, seen and set by operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from db.accounts.api_keys import KeyNotValid
from db.accounts.profiles import UserGone, get_profile, lock_profile
from db.smelts.reservation import UNCHARGED_TODAY, count_unfinished
from db.statement import cached_text
from pipeline.states import ApiKeyStatus, Tier


@dataclass(frozen=True, slots=True)
class Account:
    """`credits_remaining` and `weekly_credits`: under the setting of now. `reserved`: by smelts that haven't ended.
    `uncharged_today`: smelts that ended without a charge.
    """

    user_id: UUID
    tier: Tier
    credits_remaining: int
    weekly_credits: int
    reserved: int
    uncharged_today: int
    credits_reset_at: datetime
    api_key_status: ApiKeyStatus


@dataclass(frozen=True, slots=True)
class TierUse:
    """`users`: who would post on it now; None: nobody knows."""

    tier: Tier
    users: int | None
    unfinished: int


def get_account(conn: Connection, user_id: UUID, weekly_credits: int, local_user: UUID | None) -> Account:
    """Raises UserGone."""
    profile = get_profile(conn, user_id)
    if profile is None:
        raise UserGone
    held = profile.credits.under(weekly_credits)
    uncharged = conn.execute(
        cached_text(f"select {UNCHARGED_TODAY} from user_profiles where user_id = :user_id"),
        {"user_id": user_id},
    ).scalar_one()
    return Account(
        user_id,
        _tier(profile.api_key_status, local=user_id == local_user),
        held.remaining,
        held.weekly_max,
        count_unfinished(conn, user_id),
        int(uncharged),
        profile.credits_reset_at,
        profile.api_key_status,
    )


def grant_credits(conn: Connection, user_id: UUID, number: int, weekly_credits: int) -> int:
    """So many more until the next reset, fewer if negative, never below none; returns how many remain.

    Locks the profile. Raises UserGone.
    """
    lock_profile(conn, user_id)
    profile = get_profile(conn, user_id)
    if profile is None:
        raise UserGone
    return set_credits(
        conn, user_id, profile.credits.under(weekly_credits).remaining + number, weekly_credits
    )


def set_credits(conn: Connection, user_id: UUID, number: int, weekly_credits: int) -> int:
    """So many until the next reset; returns how many. Locks the profile. Raises UserGone.

    The week's maximum is stored beside it as the setting has it, by which `Credits.under` leaves the number as it is.
    """
    number = max(0, number)
    result = conn.execute(
        cached_text(
            """
            update user_profiles set credits_remaining = :number, weekly_credits_max = :weekly, updated_at = now()
            where user_id = :user_id
            """
        ),
        {"user_id": user_id, "number": number, "weekly": weekly_credits},
    )
    if result.rowcount != 1:
        raise UserGone
    return number


def list_tiers(conn: Connection, local_user: UUID | None) -> Sequence[TierUse]:
    """Reads all profiles, and the unfinished smelts. Locks nothing."""
    unfinished: dict[str, int] = {
        row.tier: row.unfinished
        for row in conn.execute(
            cached_text(
                """
                select tier, count(*) as unfinished from smelts
                where status not in ('completed', 'failed', 'canceled') group by tier
                """
            )
        )
    }
    own_key, others = conn.execute(
        cached_text(
            """
            select count(*) filter (where api_key_status = 'valid'),
                count(*) filter (where api_key_status <> 'valid' and user_id is distinct from cast(:local as uuid))
            from user_profiles
            """
        ),
        {"local": local_user},
    ).one()
    users = {Tier.OWN_KEY: own_key, Tier.CREDITS: others}
    if local_user is not None:
        users[Tier.LOCAL] = 1
    return [TierUse(tier, users.get(tier), unfinished.get(tier, 0)) for tier in Tier]


def set_tier(conn: Connection, user_id: UUID, tier: Tier) -> None:
    """Takes the user's own key out of use (`credits`), or into use again (`own_key`): then its provider is asked about
    it soon. Locks the profile. Raises UserGone, KeyNotValid where none is stored, ValueError for another tier.
    """
    if tier not in (Tier.CREDITS, Tier.OWN_KEY):
        raise ValueError(tier)
    lock_profile(conn, user_id)
    stored = conn.execute(
        cached_text(
            """
            update user_api_keys set check_at = case when :used then now() end, updated_at = now()
            where user_id = :user_id
            """
        ),
        {"user_id": user_id, "used": tier is Tier.OWN_KEY},
    ).rowcount
    if not stored:
        if tier is Tier.OWN_KEY:
            raise KeyNotValid
        return
    conn.execute(
        cached_text(
            """
            update user_profiles set api_key_status = cast(:status as api_key_status), updated_at = now()
            where user_id = :user_id
            """
        ),
        {"user_id": user_id, "status": "valid" if tier is Tier.OWN_KEY else "invalid"},
    )


def _tier(status: ApiKeyStatus, *, local: bool) -> Tier:
    """As `User.tier` of `api/auth/identity.py`."""
    if status is ApiKeyStatus.VALID:
        return Tier.OWN_KEY
    return Tier.LOCAL if local else Tier.CREDITS
