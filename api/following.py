"""Who may follow a smelt: a caller by her token, or whoever holds a ticket that she was given."""

from dataclasses import replace
from uuid import UUID

from starlette.requests import Request

from api.concurrency import count_for_tenant
from api.errors import ApiError
from api.follower import Follower
from api.identity import Machine, Visitor, authenticate, count_address, recognize
from api.reading import queue_positions
from api.services import Services, services
from api.view import View
from db.api_tokens import find_live_tokens
from db.smelts import get_smelt


def identify_follower(request: Request, smelt_id: UUID) -> Follower:
    """By the request's token. Raises ApiError as `identify` does, and `not_found` for another smelt's token."""
    who = authenticate(request)
    if isinstance(who, Visitor):
        if who.smelt_id != smelt_id:
            raise ApiError("not_found")
        return Follower(None, None, None)
    with services(request).database.service() as conn:
        caller = recognize(request, conn, who)
    if isinstance(who, Machine):
        return Follower(caller.user_id, None, who.token_hash)
    return Follower(caller.user_id, who.expires_at, None)


def redeemed(request: Request, ticket: str, smelt_id: UUID) -> Follower:
    """By a ticket. Raises ApiError `invalid_token`, `too_many_requests`; TicketsUnavailable."""
    count_address(request)
    shared = services(request)
    follower = shared.tickets.redeem(ticket, smelt_id)
    if follower is None or not _lives(shared, follower):
        raise ApiError("invalid_token", "The ticket is used up, too old, or none.")
    if follower.user_id is not None:
        count_for_tenant(request, f"user:{follower.user_id}")
    return follower


def _lives(shared: Services, follower: Follower) -> bool:
    """Whether the token that the ticket was given for opens anything still."""
    if follower.token_hash is not None:
        with shared.database.service() as conn:
            return follower.token_hash in find_live_tokens(conn, [follower.token_hash])
    return follower.seconds_left > 0


def find_followed(shared: Services, follower: Follower, smelt_id: UUID) -> tuple[Follower, View]:
    """The smelt as she sees it now, and until when she may. Raises ApiError `not_found`."""
    user_id = follower.user_id
    database = shared.database
    with database.anonymous(smelt_id) if user_id is None else database.user(user_id) as conn:
        smelt = get_smelt(conn, smelt_id)
    if smelt is None:
        raise ApiError("not_found")
    if user_id is None:
        follower = replace(follower, ends=shared.anonymous.ends(smelt.created_at))
    return follower, View.of(smelt, queue_positions(shared, smelt))
