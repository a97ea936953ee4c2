"""All that a post asks of a signed-in caller before its body is read, in one look."""

from dataclasses import dataclass
from uuid import UUID

from db.accounts.profiles import Profile
from db.one_exchange import AnyConnection
from db.smelts.admission import Existing
from db.smelts.reservation import Allowances
from db.statement import cached_text
from pipeline.credits import Credits
from pipeline.states import UNCOUNTED, ApiKeyStatus, Tier


@dataclass(frozen=True, slots=True)
class Standing:
    """`existing`: the smelt that the idempotency key has made. `platform_taken`: today, of all."""

    profile: Profile
    uncharged_today: int
    unfinished: int
    platform_taken: int
    existing: Existing | None

    def allows(self, tier: Tier, allowances: Allowances) -> bool:
        """As `check_allowance` says, which also says why not."""
        if tier in UNCOUNTED:
            return True
        left = self.profile.credits.under(allowances.weekly_credits).remaining - self.unfinished
        uncharged, taken = self.uncharged_today, self.platform_taken
        return left > 0 and uncharged < allowances.uncharged_daily and taken < allowances.platform_daily_cap


def find_standing(
    conn: AnyConnection, user_id: UUID | None, token_hash: bytes | None, key: str | None
) -> Standing | None:
    """By the user's id, or by a machine token, of which the use is noted as `use_token` does. None: there is no such
    profile or token.
    """
    row = conn.execute(
        cached_text(
            """
            select owner, credits_remaining, weekly_credits_max, credits_reset_at, api_key_status, api_key_validated_at,
                uncharged_today, unfinished, platform_taken,
                existing, existing_tier, existing_fingerprint, existing_created_at
            from smelt_meta.standing(cast(:owner as uuid), cast(:token as bytea), :key)
            """
        ),
        {"owner": user_id, "token": token_hash, "key": key},
    ).one_or_none()
    if row is None:
        return None
    owner, remaining, most, reset_at, status, validated_at, uncharged, unfinished, taken, *made = row
    smelt_id, tier, fingerprint, made_at = made
    return Standing(
        profile=Profile(owner, Credits(remaining, most), reset_at, ApiKeyStatus(status), validated_at),
        uncharged_today=uncharged,
        unfinished=unfinished,
        platform_taken=int(taken),
        existing=None if smelt_id is None else Existing(smelt_id, Tier(tier), bytes(fingerprint), made_at),
    )
