"""The recording of a file, for whoever sent it: all of it, or the part that a player asks for."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.auth.callers import AnyCaller
from api.errors import ApiError, Code
from api.http.byte_range import ByteRange, NotSatisfiable, byte_range
from api.http.in_turns import in_turns
from api.middleware.concurrency_limit import join
from api.openapi.document import RANGE, RECORDING
from api.services import services
from api.smelts.reading import content_key, in_role_of
from api.smelts.recording import Recording, media_type_of
from db.smelts.smelt_parts import get_file
from pipeline.concurrency import Kind
from pipeline.content.store import Kind as ObjectKind
from pipeline.content.store import ObjectName
from pipeline.states import InputType

router = APIRouter(prefix="/v1/smelts/{smelt_id}/files/{file_id}/audio", tags=["results"])


@router.get("", response_class=Response, responses=RECORDING, openapi_extra={"parameters": [RANGE]})
def read_audio(request: Request, caller: AnyCaller, smelt_id: UUID, file_id: UUID) -> Response:
    """What was sent, byte for byte, while its content lives; with `Range` a part of it."""
    shared = services(request)
    file = in_role_of(shared, caller, smelt_id, lambda conn: get_file(conn, smelt_id, file_id))
    if file.input_type is not InputType.AUDIO or file.media_type is None:
        raise ApiError(Code.NO_AUDIO, "A text has no recording.")
    key = content_key(shared, smelt_id)
    reader = shared.content.open_to_serve(ObjectName(smelt_id, file_id, ObjectKind.INPUT), key)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{file_id}"',  # its content never changes
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(file.filename, safe='')}",
    }
    try:
        part = byte_range(_asked(request, headers["ETag"]), reader.size)
    except NotSatisfiable:
        there = {"Content-Range": f"bytes */{reader.size}"}
        raise ApiError(Code.RANGE_NOT_SATISFIABLE, headers=there) from None
    if part is not None:
        headers["Content-Range"] = part.content_range
    wanted = part or ByteRange(0, reader.size, reader.size)
    headers["Content-Length"] = str(wanted.end - wanted.start)
    join(request.scope, Kind.RECORDINGS)
    return StreamingResponse(
        in_turns(shared.share, caller.tenant, Recording(reader, wanted).read()),
        200 if part is None else 206,
        headers,
        media_type_of(file.media_type),
    )


def _asked(request: Request, etag: str) -> str | None:
    """The range, unless it is asked for on a condition that doesn't hold (RFC 9110, section 13.1.5)."""
    condition = request.headers.get("if-range")
    return request.headers.get("range") if condition in (None, etag) else None
