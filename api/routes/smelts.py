"""Smelts: posted, listed, read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.callers import AnyCaller, SignedIn
from api.http import cursor as cursors
from api.http.pieces import JsonPieces, json_reply
from api.http.query_time import QueryTime
from api.openapi.document import POST_BODY
from api.schemas.smelts import AcceptedSmelt, SmeltPage, SmeltReply
from api.services import services
from api.smelts.accept import accept
from api.smelts.presentation import full, listed
from api.smelts.reading import find_view
from api.smelts.taking_in import Accepted
from db.smelts.reads import SmeltFilter, find_page, list_smelts
from db.smelts.totals import find_first_names, find_totals
from pipeline.states import SmeltMode, SmeltStatus

router = APIRouter(prefix="/v1/smelts", tags=["smelts"])

MAX_PAGE = 100
FEW_PARTS = 10  # of which a reply is made in less time than a thread is found for it


@router.post("", status_code=202, response_model=AcceptedSmelt, openapi_extra=POST_BODY)
async def post_smelt(request: Request) -> Response:
    """Takes a batch of recordings and texts in."""
    accepted = await accept(request)
    if len(accepted.smelt.files) + len(accepted.smelt.outputs) <= FEW_PARTS:
        return _accepted(accepted)
    return await run_in_threadpool(_accepted, accepted)


@router.get("")
def list_own_smelts(
    request: Request,
    user: SignedIn,
    *,
    status: SmeltStatus | None = None,
    mode: SmeltMode | None = None,
    created_after: QueryTime | None = None,
    created_before: QueryTime | None = None,
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
        totals, names = find_totals(conn, page), find_first_names(conn, page)
    return SmeltPage(
        items=[listed(smelt, totals[smelt.id], names[smelt.id]) for smelt in page],
        next_cursor=cursors.encode(found[limit - 1]) if len(found) > limit else None,
    )


@router.get("/{smelt_id}", response_model=SmeltReply)
def read_smelt(request: Request, caller: AnyCaller, smelt_id: UUID) -> Response:
    return JsonPieces(find_view(services(request), caller, smelt_id).body)


def _accepted(accepted: Accepted) -> Response:
    reply = AcceptedSmelt(**dict(full(accepted.smelt)), access_token=accepted.access_token)
    return json_reply(reply, 202, {"Location": f"/v1/smelts/{accepted.smelt.id}"})
