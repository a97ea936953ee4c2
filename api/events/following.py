"""Who may follow a smelt: a caller by a token, or whoever holds a ticket that the caller was given."""

from dataclasses import replace
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.callers import recognized
from api.auth.identity import Visitor, authenticate, count_address
from api.auth.signed_tokens import Subject
from api.errors import ApiError, Code
from api.events.follower import Follower
from api.middleware.concurrency_limit import count_for_tenant
from api.services import Services, services
from api.smelts.reading import current_view
from api.smelts.view import View
from db.accounts.api_tokens import find_live_tokens
from db.smelts.reads import get_head


async def identify_follower(request: Request, smelt_id: UUID) -> Follower:
    """By the request's token. Raises ApiError as `find_caller` does, and `not_found` for another smelt's token."""
    who = await run_in_threadpool(authenticate, request)
    if isinstance(who, Visitor):
        if who.smelt_id != smelt_id:
            raise ApiError(Code.NOT_FOUND)
        return Follower(None, None, None)
    caller = await recognized(request, who)
    if isinstance(who, Subject):
        return Follower(caller.user_id, who.expires_at, None)
    return Follower(caller.user_id, None, who.token_hash)


def redeemed(request: Request, ticket: str, smelt_id: UUID) -> Follower:
    """By a ticket. Raises ApiError `invalid_token`, `too_many_requests`; TicketsUnavailable."""
    count_address(request)
    shared = services(request)
    follower = shared.tickets.redeem(ticket, smelt_id)
    if follower is None or not _lives(shared, follower):
        raise ApiError(Code.INVALID_TOKEN, "The ticket is used up, too old, or none.")
    if follower.user_id is not None:
        count_for_tenant(request, f"user:{follower.user_id}")
    return follower


def _lives(shared: Services, follower: Follower) -> bool:
    """Whether the token that the ticket was given for opens anything still."""
    if follower.token_hash is not None:
        with shared.database.service() as conn:
            return follower.token_hash in find_live_tokens(conn, [follower.token_hash])
    return follower.seconds_left > 0


async def find_followed(request: Request, follower: Follower, smelt_id: UUID) -> tuple[Follower, View]:
    """The smelt as the follower sees it now, and until when they may. In one of the tenant's turns at the database.

    Raises ApiError `not_found`, `busy`.
    """
    shared = services(request)
    tenant = f"smelt:{smelt_id}" if follower.user_id is None else f"user:{follower.user_id}"
    async with shared.share.turn(tenant):
        return await run_in_threadpool(_find_followed, shared, follower, smelt_id)


def _find_followed(shared: Services, follower: Follower, smelt_id: UUID) -> tuple[Follower, View]:
    """With the view's snapshot made."""
    user_id = follower.user_id
    database = shared.database
    with database.anonymous(smelt_id) if user_id is None else database.user(user_id) as conn:
        head = get_head(conn, smelt_id)
    if head is None:
        raise ApiError(Code.NOT_FOUND)
    if user_id is None:
        follower = replace(follower, ends=shared.anonymous.ends(head.created_at))
    view = current_view(shared, head)
    _ = view.snapshot
    return follower, view
