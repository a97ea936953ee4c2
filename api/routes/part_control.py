"""What a client may do to one part of its smelt: cancel it, retry it."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import Connection
from starlette.requests import Request

from api.auth.callers import AnyCaller
from api.auth.identity import Caller
from api.errors import ApiError, Code
from api.http.pieces import JsonPieces
from api.schemas.smelts import SmeltReply
from api.services import services
from api.smelts.notifications import notify
from api.smelts.reading import find_head, find_view
from api.smelts.retry import TakeBack, retry
from db.smelts import control, part_control
from db.smelts.admission import Admitted

router = APIRouter(prefix="/v1/smelts/{smelt_id}", tags=["smelts"])


@router.post("/files/{file_id}/cancel", response_model=SmeltReply)
def cancel_file(request: Request, caller: AnyCaller, smelt_id: UUID, file_id: UUID) -> Response:
    """Stops the work on one file, and cancels what is made of it alone; what is combined goes on with the others.

    Where nothing is left the smelt ends by what there is: as `failed` with `nothing_completed` if there is no result.
    """
    return _cancel(
        request, caller, smelt_id, partial(part_control.cancel_file, smelt_id=smelt_id, file_id=file_id)
    )


@router.post("/files/{file_id}/retry", status_code=202, response_model=SmeltReply)
def retry_file(request: Request, caller: AnyCaller, smelt_id: UUID, file_id: UUID) -> Response:
    """Runs one file again that failed or was canceled, and what ended because of it, while their content lives.

    The smelt need not have ended.
    """
    return _retry(
        request, caller, smelt_id, partial(part_control.retry_file, smelt_id=smelt_id, file_id=file_id)
    )


@router.post("/outputs/{output_id}/cancel", response_model=SmeltReply)
def cancel_output(request: Request, caller: AnyCaller, smelt_id: UUID, output_id: UUID) -> Response:
    """Stops the work on one output; the others go on. Where nothing is left the smelt ends by what there is."""
    return _cancel(
        request, caller, smelt_id, partial(part_control.cancel_output, smelt_id=smelt_id, output_id=output_id)
    )


@router.post("/outputs/{output_id}/retry", status_code=202, response_model=SmeltReply)
def retry_output(request: Request, caller: AnyCaller, smelt_id: UUID, output_id: UUID) -> Response:
    """Runs one output again that failed or was canceled, while its content lives. The smelt need not have ended.

    `409 part_failed`: what it is made of has failed or was canceled; to retry the file takes the output along.
    """
    return _retry(
        request, caller, smelt_id, partial(part_control.retry_output, smelt_id=smelt_id, output_id=output_id)
    )


def _cancel(
    request: Request, caller: Caller, smelt_id: UUID, cancel: Callable[[Connection], Admitted]
) -> Response:
    """The canceled file may have been the last that others waited for: they are notified of."""
    shared = services(request)
    mode = find_head(shared, caller, smelt_id).mode
    try:
        with shared.database.service() as conn:
            ready = cancel(conn)
    except control.NotFound:
        raise ApiError(Code.NOT_FOUND) from None
    except control.AlreadyEnded:
        raise ApiError(Code.ALREADY_FINISHED) from None
    notify(shared, smelt_id, mode, ready)
    return JsonPieces(find_view(shared, caller, smelt_id).body)


def _retry(request: Request, caller: Caller, smelt_id: UUID, take_back: TakeBack) -> Response:
    shared = services(request)
    retry(shared, caller, smelt_id, take_back)
    return JsonPieces(find_view(shared, caller, smelt_id).body, 202)
