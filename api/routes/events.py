"""Following a smelt: server-sent events, and tickets for browsers, which can't send a token with them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.one_use_tickets import TicketsUnavailable
from api.errors import ApiError, Code
from api.events.follower import Follower
from api.events.following import find_followed, identify_follower, redeemed
from api.events.tickets import LIFETIME
from api.openapi.document import EVENTS
from api.schemas.smelts import TicketReply
from api.services import services
from api.smelts.view import View

router = APIRouter(prefix="/v1/smelts/{smelt_id}/events", tags=["smelts"])

MAX_TICKET_CHARS = 100
MAX_VERSION = re.compile("[0-9]{1,18}")  # a bigint of Postgres's
RETRY_SECONDS = 2.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy may hold events back


async def opening(
    request: Request, smelt_id: UUID, ticket: Annotated[str | None, Query(max_length=MAX_TICKET_CHARS)] = None
) -> tuple[Follower, View]:
    """The follower, and the smelt as they see it now. Raises ApiError."""
    if ticket is None:
        follower = await identify_follower(request, smelt_id)
    else:
        try:
            follower = await run_in_threadpool(redeemed, request, ticket, smelt_id)
        except TicketsUnavailable:
            raise _no_tickets() from None
    return await find_followed(request, follower, smelt_id)


LAST_EVENT_ID: dict[str, Any] = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The version that was seen last. The segments that are newer follow, then a snapshot.",
}


@router.get(
    "",
    response_class=StreamingResponse,
    responses=EVENTS,
    openapi_extra={"parameters": [LAST_EVENT_ID]},
)
async def follow_smelt(
    request: Request, opened: Annotated[tuple[Follower, View], Depends(opening)]
) -> StreamingResponse:
    """A snapshot first, in events `smelt`, `file` and `output`; then what changes; `done` at the smelt's end. What is
    heard of recordings comes in events `segment`, while they are heard: a file's in order, by `index`.

    Each event's id is the smelt's version; a segment's is the one before it. Who comes back, with `Last-Event-ID` or
    without, gets a snapshot again, and with it all segments since: some twice perhaps, none not at all. Close an
    EventSource on `done`: by itself it would connect again.
    """
    since = last_seen(request.headers.get("last-event-id"))
    return StreamingResponse(
        services(request).hub.follow(*opened, since), headers=HEADERS, media_type="text/event-stream"
    )


def last_seen(given: str | None) -> int | None:
    """The version; None for what is none, as of a client that comes for the first time."""
    return int(given) if given is not None and MAX_VERSION.fullmatch(given) else None


@router.post("/ticket", status_code=201)
async def post_ticket(request: Request, response: Response, smelt_id: UUID) -> TicketReply:
    """A ticket that opens this smelt's events once, within a minute: `…/events?ticket=…`."""
    follower = await identify_follower(request, smelt_id)
    follower, _ = await find_followed(request, follower, smelt_id)
    try:
        ticket = await run_in_threadpool(services(request).tickets.issue, follower, smelt_id)
    except TicketsUnavailable:
        raise _no_tickets() from None
    response.headers["Cache-Control"] = "no-store"
    return TicketReply(ticket=ticket, expires_at=datetime.now(UTC) + timedelta(seconds=LIFETIME))


def _no_tickets() -> ApiError:
    return ApiError(
        Code.UNAVAILABLE, "There are no tickets while Redis is out of reach.", retry_after=RETRY_SECONDS
    )
