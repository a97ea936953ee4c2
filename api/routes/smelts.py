"""Smelts: posted, listed, read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime
from starlette.requests import Request

from api import cursor as cursors
from api.accept import accept
from api.identity import AnyCaller, SignedIn
from api.openapi import POST_BODY
from api.presentation import full, listed
from api.reading import find_smelt, queue_positions
from api.schemas import AcceptedSmelt, SmeltPage, SmeltReply
from api.services import services
from db.smelts import SmeltFilter, find_page, list_smelts
from db.totals import find_totals
from pipeline.states import SmeltMode, SmeltStatus

router = APIRouter(prefix="/v1/smelts", tags=["smelts"])

MAX_PAGE = 100


@router.post("", status_code=202, openapi_extra=POST_BODY)
async def post_smelt(request: Request, response: Response) -> AcceptedSmelt:
    """Takes a batch of recordings and texts in."""
    accepted = await accept(request)
    response.headers["Location"] = f"/v1/smelts/{accepted.smelt.id}"
    return AcceptedSmelt(**dict(full(accepted.smelt)), access_token=accepted.access_token)


@router.get("")
def list_own_smelts(
    request: Request,
    user: SignedIn,
    *,
    status: SmeltStatus | None = None,
    mode: SmeltMode | None = None,
    created_after: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: str | None = None,
) -> SmeltPage:
    """The caller's own smelts, newest first."""
    wanted = SmeltFilter(
        user_id=user.user_id,
        limit=limit + 1,
        status=status,
        mode=mode,
        created_after=created_after,
        created_before=created_before,
        after=None if cursor is None else cursors.decode(cursor),
    )
    shared = services(request)
    with shared.database.service() as conn:
        found = find_page(conn, wanted)
    with shared.database.user(user.user_id) as conn:
        page = list_smelts(conn, [smelt_id for _, smelt_id in found[:limit]])
    with shared.database.service() as conn:
        totals = find_totals(conn, page)
    return SmeltPage(
        items=[listed(smelt, totals[smelt.id]) for smelt in page],
        next_cursor=cursors.encode(found[limit - 1]) if len(found) > limit else None,
    )


@router.get("/{smelt_id}")
def read_smelt(request: Request, caller: AnyCaller, smelt_id: UUID) -> SmeltReply:
    shared = services(request)
    smelt = find_smelt(shared, caller, smelt_id)
    return full(smelt, queue_positions(shared, smelt))
