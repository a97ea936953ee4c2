"""What a client may do to its smelt: cancel it, retry it, delete its content or all of it."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.requests import Request

from api.auth.callers import AnyCaller
from api.errors import ApiError, Code
from api.http.pieces import JsonPieces
from api.schemas.smelts import DeletionReceipt, SmeltReply
from api.services import Services, services
from api.smelts.reading import find_head, find_view
from api.smelts.retry import retry
from db.smelts import control
from db.smelts.content_keys import delete_smelt

router = APIRouter(prefix="/v1/smelts/{smelt_id}", tags=["smelts"])


@router.post("/cancel", response_model=SmeltReply)
def cancel_smelt(request: Request, caller: AnyCaller, smelt_id: UUID) -> Response:
    """Stops what runs. Completed parts keep their results."""
    shared = services(request)
    find_head(shared, caller, smelt_id)
    try:
        with shared.database.service() as conn:
            control.cancel(conn, smelt_id)
    except control.NotFound:
        raise ApiError(Code.NOT_FOUND) from None
    except control.AlreadyEnded:
        raise ApiError(Code.ALREADY_FINISHED) from None
    return JsonPieces(find_view(shared, caller, smelt_id).body)


@router.post("/retry", status_code=202, response_model=SmeltReply)
def retry_smelt(request: Request, caller: AnyCaller, smelt_id: UUID) -> Response:
    """Runs again the parts that failed or were canceled, while their content lives."""
    shared = services(request)
    retry(shared, caller, smelt_id, partial(control.retry, smelt_id=smelt_id))
    return JsonPieces(find_view(shared, caller, smelt_id).body, 202)


@router.delete("/content")
def remove_content(request: Request, caller: AnyCaller, smelt_id: UUID) -> DeletionReceipt:
    """Deletes all content now; cancels the smelt first if it hasn't ended. Safe to repeat.

    `503`: the store is out of reach. Nothing can be read any more even so, and repeating the call deletes what is left.
    """
    shared = services(request)
    find_head(shared, caller, smelt_id)
    return _delete_content(shared, smelt_id)


@router.delete("", status_code=204)
def remove_smelt(request: Request, caller: AnyCaller, smelt_id: UUID) -> Response:
    """Deletes the content, then the metadata."""
    shared = services(request)
    find_head(shared, caller, smelt_id)
    _delete_content(shared, smelt_id)
    with shared.database.service() as conn:
        delete_smelt(conn, smelt_id)
    return Response(status_code=204)


def _delete_content(shared: Services, smelt_id: UUID) -> DeletionReceipt:
    """The key first: from then on what the store may still hold is unreadable."""
    try:
        with shared.database.service() as conn:
            destroyed_at = control.delete_content(conn, smelt_id)
    except control.NotFound:
        raise ApiError(Code.NOT_FOUND) from None
    deleted = shared.content.delete_smelt(smelt_id)
    return DeletionReceipt(smelt_id=smelt_id, objects_deleted=deleted, key_destroyed_at=destroyed_at)
