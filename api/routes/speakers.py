"""A recording's speakers: who they are, as far as a client has said."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from api.auth.callers import AnyCaller
from api.auth.identity import Caller
from api.errors import ApiError, Code
from api.http.small_body import AnyCallersSmallBodyRoute
from api.schemas.smelts import SpeakerNames, SpeakerReply, SpeakersReply
from api.services import Services, services
from api.smelts.reading import check_finished, content_key, in_role_of, names_of
from api.smelts.speaker_names import checked_names, labels_of, store_names
from db.smelts.smelt_parts import get_file
from pipeline.smelt import SmeltFile

router = APIRouter(
    prefix="/v1/smelts/{smelt_id}/files/{file_id}/speakers",
    tags=["results"],
    route_class=AnyCallersSmallBodyRoute,
)


@router.get("")
def read_speakers(request: Request, caller: AnyCaller, smelt_id: UUID, file_id: UUID) -> SpeakersReply:
    """Who speaks in a recording, and for how long. `no_speakers`: they were not told apart."""
    shared = services(request)
    file = _heard_file(shared, caller, smelt_id, file_id)
    return _shown(file, names_of(shared, smelt_id, file, content_key(shared, smelt_id)))


@router.put("")
def name_speakers(
    request: Request,
    caller: AnyCaller,
    smelt_id: UUID,
    file_id: UUID,
    names: SpeakerNames,
) -> SpeakersReply:
    """Names for speakers by label, in place of all names before. Transcripts have them from then on, and so has the
    text that a prompt is applied to when it runs again. They are content: deleted with it, and written nowhere else.
    """
    shared = services(request)
    file = _heard_file(shared, caller, smelt_id, file_id)
    given = checked_names(file, names.root)
    store_names(shared, smelt_id, file, content_key(shared, smelt_id), given)
    return _shown(file, given)


def _heard_file(shared: Services, caller: Caller, smelt_id: UUID, file_id: UUID) -> SmeltFile:
    """Raises ApiError `not_found`, `not_ready`, `part_failed`, `no_speakers`."""
    file = in_role_of(shared, caller, smelt_id, lambda conn: get_file(conn, smelt_id, file_id))
    check_finished(file)
    if file.speaker_seconds is None:
        raise ApiError(Code.NO_SPEAKERS)
    return file


def _shown(file: SmeltFile, names: dict[str, str]) -> SpeakersReply:
    seconds = dict(zip(labels_of(file), file.speaker_seconds or (), strict=True))
    return SpeakersReply(
        speakers=[
            SpeakerReply(label=label, seconds=spoken, name=names.get(label))
            for label, spoken in seconds.items()
        ]
    )
