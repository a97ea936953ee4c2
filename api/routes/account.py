"""What the caller has and may do: profile, usage, the default prompts."""

from fastapi import APIRouter
from starlette.requests import Request

from api.auth.callers import AnyCaller, SignedIn
from api.auth.identity import User
from api.schemas.smelts import DefaultPrompt, DefaultPrompts, LimitsReply, ProfileReply, UsageReply
from api.services import services
from db.smelts.usage import get_anonymous_use, get_credit_use
from pipeline.llm.prompts import DEFAULT_PROMPTS
from pipeline.states import UNCOUNTED

router = APIRouter(prefix="/v1", tags=["account"])


@router.get("/default-prompts")
def list_default_prompts(_caller: AnyCaller) -> DefaultPrompts:
    return DefaultPrompts(items=[DefaultPrompt.model_validate(prompt) for prompt in DEFAULT_PROMPTS])


@router.get("/profile")
def read_profile(request: Request, user: SignedIn) -> ProfileReply:
    profile = user.profile
    held = profile.credits.under(services(request).settings.weekly_credits)
    return ProfileReply(
        tier=user.tier,
        credits_remaining=held.remaining,
        weekly_credits_max=held.weekly_max,
        credits_reset_at=profile.credits_reset_at,
        api_key_status=profile.api_key_status,
        api_key_validated_at=profile.api_key_validated_at,
    )


@router.get("/usage")
def read_usage(request: Request, caller: AnyCaller) -> UsageReply:
    """What may still be posted today (anonymous) or this week (on credits), and how large it may be."""
    shared = services(request)
    limits = LimitsReply.model_validate(shared.settings.limits(caller.tier))
    if isinstance(caller, User):
        if caller.tier in UNCOUNTED:
            return UsageReply(tier=caller.tier, remaining=None, resets_at=None, limits=limits)
        with shared.database.service() as conn:
            credit = get_credit_use(conn, caller.user_id)
        if credit.uncharged >= shared.settings.uncharged_daily:
            return UsageReply(tier=caller.tier, remaining=0, resets_at=credit.day_ends_at, limits=limits)
        left = credit.credits.under(shared.settings.weekly_credits).remaining
        remaining = max(0, left - credit.reserved)
        return UsageReply(tier=caller.tier, remaining=remaining, resets_at=credit.resets_at, limits=limits)
    with shared.database.service() as conn:
        use = get_anonymous_use(conn, caller.tenant)
    open_to_more = use.given_back < shared.settings.uncharged_daily
    remaining = max(0, shared.settings.anonymous_daily - use.used) if open_to_more else 0
    return UsageReply(tier=caller.tier, remaining=remaining, resets_at=use.resets_at, limits=limits)
