"""The account as a whole: exported, deleted."""

import logging
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.account.export import exported
from api.auth.callers import Owner
from api.http.in_turns import gathered, in_turns
from api.schemas.account import AccountExport
from api.services import Services, services
from db.accounts.accounts import delete_account, delete_smelts
from pipeline.content.errors import ContentUnavailable

log = logging.getLogger("smelt.api")

BATCH = 200  # smelts of one transaction: at the most a thousand files each

router = APIRouter(prefix="/v1/account", tags=["account"])


@router.get("/export", response_model=AccountExport)
def export(request: Request, user: Owner) -> Response:
    """Everything that is stored of the user, as JSON."""
    shared = services(request)
    made = exported(shared.database, user.user_id)
    stream = in_turns(shared.share, user.tenant, gathered(made))
    return StreamingResponse(stream, media_type="application/json")


@router.delete("", status_code=204)
def remove(request: Request, user: Owner) -> Response:
    """Everything of the user's: what runs is stopped, content keys, rows and objects are deleted.

    Tokens from before open nothing any more, sign-in tokens either.
    """
    shared = services(request)
    more = True
    while more:
        batch = _delete_some(shared, user.user_id)
        _delete_objects(shared, batch)
        more = len(batch) == BATCH
    with shared.database.service() as conn:
        rest = delete_account(conn, user.user_id)
    _delete_objects(shared, rest)
    return Response(status_code=204)


def _delete_some(shared: Services, user_id: UUID) -> list[UUID]:
    with shared.database.service() as conn:
        return delete_smelts(conn, user_id, BATCH)


def _delete_objects(shared: Services, smelt_ids: list[UUID]) -> None:
    """The keys are gone with the rows: what the store keeps for now is unreadable, and swept away within a day."""
    try:
        for smelt_id in smelt_ids:
            shared.content.delete_smelt(smelt_id)
    except ContentUnavailable as error:
        log.warning("objects of a deleted account are left to the sweep (%s)", type(error).__name__)
